"""`/demo/devices`: a hall's simulated devices as somebody beside them would see them, with what a
hand can do there: take the paper out, press a key. Loopback only."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import get_args
from urllib.parse import quote

from aiohttp import web

from hall_app.demo.devices import SIMULATORS, Simulated
from hall_app.demo.folder import DESK
from hall_app.demo.keys import KEYS
from hall_core.errors import NotFound
from hall_core.http import KERNEL
from hall_evaluation.boxes.box import Level
from hall_queue.printing.simulator import Printed

TICKETS = 3  # shown
LEVELS: dict[Level, str] = dict(
    zip(get_args(Level), ("非常满意", "满意", "基本满意", "不满意", "非常不满意"), strict=True)
)
KEY_NAMES = {
    "call_next": "呼叫",
    "recall": "重呼",
    "start": "开始",
    "finish": "结束",
    "no_show": "过号",
}
PAGE = """<!doctype html>
<html lang="zh-CN" data-surface="desk">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="5">
<title>模拟外设 · {hall}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/core/base.css">
<style>
body {{ padding: 24px; overflow: auto; height: auto; }}
h1 {{ font-size: var(--t-xl); margin: 0 0 4px; }}
h2 {{ font-size: var(--t-l); margin: 0 0 12px; }}
main {{ display: flex; align-items: flex-start; margin: 16px -8px 0; }}
section {{ margin: 8px; padding: 16px 24px; background: var(--paper); border: 1px solid var(--line);
  border-radius: var(--radius); }}
form {{ display: inline-block; margin: 0 8px 8px 0; }}
pre {{ margin: 8px 0; padding: 12px 16px; border: 1px dashed var(--line); font-size: 14px;
  line-height: 1.5; }}
.strip {{ display: inline-block; margin-right: 16px; }}
.led {{ width: max-content; min-width: 14em; min-height: 1.5em; border: 0;
  background: #15110f; color: #ff5a3c; font-size: 18px; }}
</style>
</head>
<body>
<h1>模拟外设 Simulated devices · {hall}</h1>
<p>外设程序通过真实的网口和串口协议驱动这些设备。Real agents drive them in their own bytes.</p>
<main>{parts}</main>
</body>
</html>
"""


def page(site: Simulated, hall_id: str, name: str) -> str:
    """The panel as HTML."""
    paper, *others = (f"<section>{part}</section>" for part in _parts(site, hall_id))
    parts = f"{paper}<div>{''.join(others)}</div>"
    return PAGE.format(hall=escape(name), parts=parts)


def _parts(site: Simulated, hall_id: str) -> Iterator[str]:
    paper = site.printer.paper
    state = "缺纸" if paper.out else "纸将尽" if paper.near_end else "有纸"
    tickets = "".join(_ticket(ticket) for ticket in reversed(list(paper.tickets)[-TICKETS:]))
    out = _button(hall_id, "paper", "none", "取走打印纸")
    new = _button(hall_id, "paper", "new", "装新纸")
    yield (
        f"<h2>号票打印机 Ticket printer · {state}</h2>{out}{new}"
        f"{tickets or '<p>还没有打印号票。</p>'}"
    )
    signs = {
        window: escape(" / ".join(filter(str.strip, strip.pages)))
        for window, strip in site.strips.items()
    }
    strips = "".join(
        f"<div class='strip'><p>{window}号窗口</p><pre class='led'>{sign or '&nbsp;'}</pre></div>"
        for window, sign in signs.items()
    )
    yield f"<h2>LED条屏 LED strips</h2>{strips}"
    if site.box is not None and site.caller is not None:
        lamp = "请评价（灯亮）" if site.box.lit else "灯灭"
        levels = "".join(_button(hall_id, "box", level, LEVELS[level]) for level in LEVELS)
        shown = site.caller.shown[-1] if site.caller.shown else ""
        keys = "".join(_button(hall_id, "caller", key, KEY_NAMES[key]) for key in KEYS.values())
        yield (
            f"<h2>{DESK}号窗口评价按键盒 Button box · {lamp}</h2>{levels}"
            f"<h2>{DESK}号窗口呼叫器 Caller</h2>"
            f"<pre class='led'>{escape(shown) or '&nbsp;'}</pre>{keys}"
        )


def _ticket(ticket: Printed) -> str:
    lines = [ticket.text, *(f"[二维码] {code}" for code in ticket.codes)]
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def _button(hall_id: str, device: str, what: str, text: str) -> str:
    action = f"/demo/devices?hall={quote(hall_id)}&device={device}&what={what}"
    return (
        f"<form method='post' action='{escape(action)}'>"
        f"<button class='button small'>{text}</button></form>"
    )


async def show(request: web.Request) -> web.Response:
    """Raises NotFound for a hall that is none."""
    site, name = _site(request)
    return web.Response(
        text=page(site, request.query["hall"], name),
        content_type="text/html",
        headers={"Cache-Control": "no-store"},
    )


async def press(request: web.Request) -> web.Response:
    """A hand at a device. Raises NotFound for a hall, device or key that is none."""
    site, _ = _site(request)
    device, what = request.query.get("device"), request.query.get("what", "")
    if device == "paper" and what in ("none", "new"):
        await site.printer.load(0 if what == "none" else None)
    elif device == "box" and site.box is not None and what in LEVELS:
        site.box.press(what)
    elif device == "caller" and site.caller is not None and what in KEYS.values():
        site.caller.press(what)
    else:
        raise NotFound("unknown_device", "没有这个设备或按键。")
    return web.Response(status=303, headers={"Location": f"/demo/devices?{_hall(request)}"})


def _hall(request: web.Request) -> str:
    return f"hall={quote(request.query['hall'])}"


def _site(request: web.Request) -> tuple[Simulated, str]:
    hall = request.app[KERNEL].hall(request.query.get("hall", ""))
    return request.app[SIMULATORS][hall.info.id], hall.info.name
