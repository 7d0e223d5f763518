"""`/demo/links` and `/demo/open`: every page one click away, paired or signed in. Loopback only."""

from __future__ import annotations

import ipaddress
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from aiohttp import web

from hall_app.demo import panel
from hall_app.demo.devices import SIMULATORS, Simulated, settings_of
from hall_app.demo.folder import SUPERVISORS, Record
from hall_app.server import DEMONSTRATION
from hall_core.credentials import Device, hash_token
from hall_core.errors import Conflict, Forbidden, NotFound, Unauthorized, invalid
from hall_core.halls import Hall
from hall_core.http import DEVICE_COOKIE, KERNEL, SESSION_COOKIE
from hall_core.kernel import Kernel
from hall_core.routes import set_device_cookie
from hall_evaluation.domain.state import Request
from hall_queue.domain.state import Ticket

PAGES = {
    "kiosk": "/kiosk",
    "guide": "/guide",
    "counter": "/counter",
    "display": "/display/hall",
    "pad": "/pad",
    "phone": "/t/",
    "rating": "/t/",
    "supervisor": "/supervision",
    "admin": "/admin",
}
NAME = "演示页面"
COOKIES_MOST = 40  # then those of devices nobody knows here are dropped: headers have a limit
LISTED_WINDOWS = 3  # of each hall
NOT_YET = """<!doctype html>
<html lang="zh-CN" data-surface="desk">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="3">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>请稍候 Not yet</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/core/base.css">
<style>
main {{ width: calc(100% - 32px); max-width: 34em; margin: 12vh auto 0; }}
h1 {{ margin: 0; font-size: var(--t-xl); }}
</style>
</head>
<body>
<main class="card stack">
<h1>请稍候 Not yet</h1>
<p>{detail}</p>
<p class="soft">能打开时本页自动打开。The page opens by itself then.</p>
<p><a class="button" href="/">回到首页 Start page</a></p>
</main>
</body>
</html>
"""


class Links:
    """The demonstration's own routes."""

    def __init__(self, record: Record, simulated: dict[str, Simulated]) -> None:
        self._record = record
        self._simulated = simulated

    def extend(self, app: web.Application) -> None:
        app[DEMONSTRATION] = True
        app[SIMULATORS] = self._simulated
        app.router.add_get("/demo/links", self.links)
        app.router.add_get("/demo/devices", self.devices)
        app.router.add_post("/demo/devices", self.press)
        app.router.add_get("/demo/open", self.open)
        app.on_response_prepare.append(_simulated_date)

    # --- the list ------------------------------------------------------------------------------

    async def links(self, request: web.Request) -> web.Response:
        _require_loopback(request)
        kernel = request.app[KERNEL]
        found = [link for kind, account in _city_pages() for link in _of_city(kind, account)]
        for hall in kernel.halls.values():
            found.extend(_of_hall(hall))
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")

    async def devices(self, request: web.Request) -> web.Response:
        """A hall's simulated devices."""
        _require_loopback(request)
        return await panel.show(request)

    async def press(self, request: web.Request) -> web.Response:
        """A hand at one of them."""
        _require_loopback(request)
        return await panel.press(request)

    # --- opening one ---------------------------------------------------------------------------

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Pair the browser as a device, or sign it in, and send it to the page. A person who can't
        be sent there yet is told so, and sent when it can be."""
        _require_loopback(request)
        try:
            return await self._opened(request)
        except Conflict as error:
            if "text/html" not in request.headers.get("Accept", ""):
                raise
            body = NOT_YET.format(detail=error.detail)
            return web.Response(status=error.status, text=body, content_type="text/html")

    async def _opened(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        kind = query.get("kind", "")
        if kind not in PAGES:
            raise invalid("kind", f"应为 {'、'.join(PAGES)} 之一。")
        to = _page(query.get("to", PAGES[kind]))
        if kind in ("supervisor", "admin"):
            return await self._signed_in(request, kind, to)
        hall = request.app[KERNEL].hall(query.get("hall", ""))
        if kind in ("phone", "rating"):
            find = _last_in_line if kind == "phone" else _last_served
            token = request.app[KERNEL].secret.ticket_token(find(hall))
            return _redirect(PAGES[kind] + token)
        window = _window(hall, query.get("window"))
        if window is None and (kind in ("counter", "pad") or to.startswith("/display/window")):
            raise invalid("window", "请写明窗口号。")
        return await self._paired(request, kind, hall, window, to)

    async def _signed_in(self, request: web.Request, kind: str, to: str) -> web.Response:
        kernel = request.app[KERNEL]
        name, password = "admin", self._record.admin_password
        if kind == "supervisor":
            name, password = _supervisor_of(request), self._record.supervisor_password
        try:
            _, token = await kernel.access.sign_in(name, password, request.remote or "")
        except Unauthorized:
            text = "演示账号的密码已被修改，请在登录页用新密码登录。"
            raise Unauthorized("demo_password_changed", text) from None
        await kernel.audit(f"user:{name}", "sign_in", name, request.remote or "", None, "demo")
        response = _redirect(to)
        response.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="Strict")
        return response

    async def _paired(
        self, request: web.Request, kind: Any, hall: Hall, window: int | None, to: str
    ) -> web.Response:
        kernel = request.app[KERNEL]
        device = _paired_already(request, kind, hall, window)
        token = None
        if device is None:
            beside = settings_of(self._simulated.get(hall.info.id), kind)
            device, token = await kernel.access.issue_token(
                kind, hall.info.id, window, NAME, beside
            )
            await kernel.audit(
                f"device:{NAME}", "pair", device.device_id, request.remote or "", hall.info.id, kind
            )
        response = _redirect(_with_device(to, device.device_id))
        if token is not None:
            set_device_cookie(response, device, token)
            _drop_strangers(request, response)
        return response


def taken(kernel: Kernel, record: Record, hall_id: str, window: int, kind: str) -> bool:
    """Whether a page of this window is open somewhere: simulated people step back from a counter
    or a pad that somebody looks at."""
    ours = record.tokens.get(hall_id, {}).get(f"{kind}-{window}", "")
    for device_id in kernel.sockets:
        device = kernel.access.devices.get(device_id)
        if device is None or device.token_hash == hash_token(ours):
            continue
        if (device.kind, device.hall_id, device.window) == (kind, hall_id, window):
            return True
    return False


# --- who asks ----------------------------------------------------------------------------------


async def _simulated_date(request: web.Request, response: web.StreamResponse) -> None:
    """Pages believe the answer's date until their stream tells them the hall's time."""
    now = request.app[KERNEL].clock.now()
    response.headers["Date"] = format_datetime(now, usegmt=True)


def _require_loopback(request: web.Request) -> None:
    """From this machine, under a name of this machine (or a foreign page could rebind its own)."""
    host = urlsplit(f"//{request.host}").hostname or ""
    if not (_is_loopback(request.remote or "") and (host == "localhost" or _is_loopback(host))):
        raise Forbidden("loopback_only", "演示入口只能在本机打开。")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _supervisor_of(request: web.Request) -> str:
    """The account of the hall's own region if it has one, or the city's."""
    hall_id = request.query.get("hall")
    if hall_id is None:
        return "city"
    region = request.app[KERNEL].hall(hall_id).info.region
    return next((name for name, (_, code) in SUPERVISORS.items() if code == region), "city")


def _paired_already(
    request: web.Request, kind: str, hall: Hall, window: int | None
) -> Device | None:
    """The device that this browser is already, of this kind and at this place."""
    access = request.app[KERNEL].access
    for name, token in request.cookies.items():
        device = access.devices.get(name.removeprefix(DEVICE_COOKIE))
        if device is None or device.revoked_ms is not None:
            continue
        same = (device.kind, device.hall_id, device.window) == (kind, hall.info.id, window)
        if same and device.token_hash == hash_token(token):
            return device
    return None


def _drop_strangers(request: web.Request, response: web.Response) -> None:
    """Forget cookies of earlier demonstrations, once there are too many."""
    paired = [name for name in request.cookies if name.startswith(DEVICE_COOKIE)]
    if len(paired) < COOKIES_MOST:
        return
    devices = request.app[KERNEL].access.devices
    for name in paired:
        if name.removeprefix(DEVICE_COOKIE) not in devices:
            response.del_cookie(name)


# --- where to ----------------------------------------------------------------------------------


def _page(to: str) -> str:
    """A path of this server, never another site."""
    parts = urlsplit(to)
    if parts.scheme or parts.netloc or not to.startswith("/") or "\\" in to:
        raise invalid("to", "应为本站的页面路径，例如 /counter。")
    return to


def _with_device(to: str, device_id: str) -> str:
    parts = urlsplit(to)
    query = f"{parts.query}&" if parts.query else ""
    return parts._replace(query=f"{query}device={quote(device_id)}").geturl()


def _window(hall: Hall, text: str | None) -> int | None:
    if text is None:
        return None
    posts = hall.committed["queue"].posts
    if not text.isdecimal() or len(text) > 9 or int(text) not in posts:
        raise NotFound("unknown_window", "没有这个窗口。")
    return int(text)


def _last_in_line(hall: Hall) -> str:
    """The ticket of the last person who waits."""
    tickets = [t for t in hall.committed["queue"].tickets.values() if t.state == "waiting"]
    if not tickets:
        raise Conflict(
            "nobody_waits",
            "现在没有人等候，请先在取号机取号。Nobody waits yet: take a ticket at the kiosk.",
        )
    last: Ticket = max(tickets, key=lambda ticket: ticket.place)
    return last.ticket_id


def _last_served(hall: Hall) -> str:
    """The ticket of the last person who was served and has not rated it."""
    requests = hall.committed["evaluation"].requests.values()
    silent = [one for one in requests if one.rated_at is None and not one.withdrawn]
    if not silent:
        raise Conflict(
            "nobody_served",
            "今天还没有等待评价的服务，请先在窗口办结一个号。"
            "Nobody waits to rate yet: finish a service at a window.",
        )
    newest: Request = max(silent, key=lambda request: request.asked_at)
    return newest.ticket_id


def _redirect(to: str) -> web.Response:
    return web.Response(status=302, headers={"Location": to, "Cache-Control": "no-store"})


# --- what is listed ----------------------------------------------------------------------------

_EXAMPLE = {"city": "luyuan", "county": "qinghe", "township": "baiquan", "village": "yushu"}


def _city_pages() -> list[tuple[str, str]]:
    return [*(("supervisor", name) for name in SUPERVISORS), ("admin", "admin")]


def _of_city(kind: str, account: str) -> list[dict[str, str]]:
    group = {"group": "监督与管理", "group_en": "Supervision and administration"}
    if kind == "admin":
        pages = (
            ("管理", "Administration", "/admin"),
            ("评价与投诉", "Cases", "/cases"),
            ("评价统计", "Ratings in figures", "/figures"),
        )
        return [
            {"title": title, "title_en": title_en, "href": _href(kind=kind, to=to), **group}
            for title, title_en, to in pages
        ]
    level = SUPERVISORS[account][0]
    title = {"title": f"监督（{level}级）", "title_en": f"Supervision ({account})"}
    return [{**title, "href": _href(kind="supervisor", hall=_EXAMPLE[account]), **group}]


def _of_hall(hall: Hall) -> list[dict[str, str]]:
    hall_id = hall.info.id
    group = {"group": hall.info.name, "group_en": hall.info.name_en}

    def link(title: str, title_en: str, **query: str) -> dict[str, str]:
        href = _href(hall=hall_id, **query)
        return {"title": title, "title_en": title_en, "href": href, **group}

    found = [
        link("取号机", "Ticket kiosk", kind="kiosk"),
        link("导办台", "Guide desk", kind="guide"),
        link("大厅屏", "Hall screen", kind="display"),
        link("手机查询", "Phone ticket page", kind="phone"),
        link("手机评价", "Phone rating page", kind="rating"),
        {
            "title": "外设（模拟）",
            "title_en": "Devices (simulated)",
            "href": f"/demo/devices?hall={quote(hall_id)}",
            **group,
        },
    ]
    for number in sorted(hall.committed["queue"].posts)[:LISTED_WINDOWS]:
        window = str(number)
        found.append(link(f"{number}号窗口", f"Counter {number}", kind="counter", window=window))
        found.append(link(f"{number}号评价器", f"Pad {number}", kind="pad", window=window))
        found.append(
            link(
                f"{number}号窗口屏",
                f"Window screen {number}",
                kind="display",
                window=window,
                to="/display/window",
            )
        )
    return found


def _href(**query: str) -> str:
    return "/demo/open?" + urlencode(query)
