"""The kernel's own calls: who am I, pairing, sign-in, halls, snapshots, events, alerts, devices,
people, and the audit log."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec
from aiohttp import web
from sqlalchemy import select

from hall_core import access, tables
from hall_core.access import PASSWORD_MIN, Device, DeviceKind, User, UserRole
from hall_core.alerts import AlertsState, HandleAlert, Verb, alert_view
from hall_core.clock import from_millis, millis
from hall_core.errors import Conflict, Forbidden, NotFound, Unauthorized, invalid
from hall_core.halls import read_journal
from hall_core.http import (
    DEVICE_COOKIE,
    SESSION_COOKIE,
    STAFF,
    Call,
    Route,
    check_origin,
    check_scope,
    check_window,
    roles,
)

EVERYBODY = frozenset(
    {"kiosk", "guide", "display", "counter", "pad", "agent", "camera", "supervisor"}
    | {"manager", "admin", "security", "auditor"}
)
_encoder = msgspec.json.Encoder()


async def once(
    call: Call,
    act: Callable[[], Awaitable[Any]],
    stored: Callable[[Any], Any] = lambda answer: answer,
) -> Any:
    """Do a write that belongs to no hall's state once per idempotency key.

    Args:
        stored: what may be kept of the answer (secrets are shown once and never stored).
    """
    assert call.key is not None, "only for keyed routes"
    keys = call.kernel.keys
    earlier = await keys.answer_to(call.key)
    if earlier is not None:
        return msgspec.Raw(earlier)
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    keys.begin(call.key, future)
    try:
        answer = await act()
        row = keys.row(call.key, _encoder.encode(stored(answer)))
        await call.kernel.writer.write([row])
    finally:
        keys.end(call.key)
        future.set_result(None)
    return answer


# --- who am I ----------------------------------------------------------------------------------


async def me(call: Call) -> Any:
    principal = call.principal
    device = call.kernel.access.devices.get(principal.id.removeprefix("device:"))
    hall = None if principal.halls is None else next(iter(sorted(principal.halls)), None)
    answer = {
        "kind": principal.kind,
        "name": principal.name,
        "roles": sorted(principal.roles),
        "hall": hall,
        "window": principal.window,
        "device_id": device.device_id if device else None,
        "settings": device.settings if device else {},
        "build": call.kernel.build,
    }
    token = call.request.cookies.get(DEVICE_COOKIE + device.device_id) if device else None
    if device is None or token is None:
        return answer
    # Browsers keep a cookie for 400 days at most: a screen that is on renews its own.
    response = web.Response(body=_encoder.encode(answer), content_type="application/json")
    set_device_cookie(response, device, token)
    return response


class Pair(msgspec.Struct, forbid_unknown_fields=True):
    code: str


async def pair(call: Call) -> web.Response:
    check_origin(call.request)  # what sets a cookie is asked for by our own pages only
    device, token = await call.kernel.access.pair(call.body.code, call.address)
    await call.kernel.audit(
        f"device:{device.name}", "pair", device.device_id, call.address, device.hall_id, device.kind
    )
    response = web.Response(
        body=_encoder.encode(device_view(call, device)), content_type="application/json"
    )
    set_device_cookie(response, device, token)
    return response


def set_device_cookie(response: web.StreamResponse, device: Device, token: str) -> None:
    """A page's device token lives in a cookie that no script can read."""
    response.set_cookie(
        DEVICE_COOKIE + device.device_id,
        token,
        httponly=True,
        samesite="Strict",
        max_age=10 * 365 * 24 * 3600,
    )


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    password: str


async def sign_in(call: Call) -> web.Response:
    body: SignIn = call.body
    check_origin(call.request)
    try:
        user, token = await call.kernel.access.sign_in(body.name, body.password, call.address)
    except Unauthorized:  # who is locked out and goes on trying leaves no further entries
        await call.kernel.audit("anonymous", "sign_in_failed", body.name[:80], call.address, None)
        raise
    await call.kernel.audit(f"user:{user.name}", "sign_in", user.name, call.address, None)
    response = web.Response(
        body=_encoder.encode({"name": user.name, "roles": user.roles}),
        content_type="application/json",
    )
    response.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="Strict")
    return response


async def sign_out(call: Call) -> web.Response:
    check_origin(call.request)
    token = call.request.cookies.get(SESSION_COOKIE)
    if token:
        await call.kernel.access.sign_out(token)
    response = web.Response(status=204)
    response.del_cookie(SESSION_COOKIE)
    return response


# --- halls -------------------------------------------------------------------------------------


async def list_halls(call: Call) -> Any:
    return [
        {
            "id": hall.info.id,
            "name": hall.info.name,
            "name_en": hall.info.name_en,
            "region": hall.info.region,
            "level": hall.info.level,
        }
        for hall in call.kernel.halls.values()
        if call.principal.may_enter(hall.info.id)
    ]


async def snapshot(call: Call) -> Any:
    hall = call.hall
    return {"version": hall.hub.version, "state": hall.render_state(call.audience())}


async def hall_events(call: Call) -> Any:
    after = call.query_int("after", 0, 0, 1 << 60)
    limit = call.query_int("limit", 500, 1, 2000)
    hall, audience = call.hall, call.audience()
    version = hall.hub.version
    records = await call.kernel.store.read(
        lambda connection: read_journal(connection, hall.info.id, after, limit)
    )
    shown = []
    for record in records:
        if record.version > version:
            break
        data = hall.visible(record, audience)
        entry: dict[str, Any] = {"version": record.version, "type": "version", "at": record.at}
        if data is not None:
            actor = record.actor if audience.kind == "staff" else None
            entry |= {"type": record.type, "actor": actor, "data": data}
        shown.append(entry)
    return {"events": shown, "version": version}


# --- alerts ------------------------------------------------------------------------------------


async def list_alerts(call: Call) -> Any:
    state = call.request.query.get("state", "open")
    alerts: AlertsState = call.hall.committed["alerts"]
    if state == "open":
        shown = [a for a in alerts.alerts.values() if a.state not in ("closed", "dismissed")]
        return [alert_view(alert) for alert in shown]
    table = tables.alerts
    query = select(table).where(table.c.hall_id == call.hall.info.id)
    if state != "all":
        query = query.where(table.c.state == state)
    query = query.order_by(table.c.since_ms.desc()).limit(500)
    rows = await call.kernel.store.read(lambda c: c.execute(query).all())
    return [
        {
            "alert_id": row.alert_id,
            "kind": row.kind,
            "window": row.window,
            "camera_id": row.camera_id,
            "device_id": row.device_id,
            "level": row.level,
            "state": row.state,
            "since": from_millis(row.since_ms),
            "clerk": row.clerk,
            "detail": row.detail,
            "evidence": [],
        }
        for row in rows
    ]


class AlertCommand(msgspec.Struct, forbid_unknown_fields=True):
    command: Verb
    text: str = ""


async def handle_alert(call: Call) -> Any:
    body: AlertCommand = call.body
    if len(body.text) > 500:
        raise invalid("text", "说明最多 500 个字。")
    if body.command in ("explain", "dismiss") and not body.text.strip():
        raise invalid("text", "请写明理由。")
    earlier = await call.earlier()
    if earlier is not None:
        return earlier
    alert_id = call.path("alert")
    for hall in call.kernel.halls.values():
        alert = hall.committed["alerts"].alerts.get(alert_id)
        if alert is None or not call.principal.may_enter(hall.info.id):
            continue
        if call.principal.window is not None:
            if alert.window is not None:
                check_window(call.principal, str(alert.window))
            if body.command not in ("acknowledge", "explain"):
                raise Forbidden("wrong_role", "窗口只能知悉或说明，不能自行了结提醒。")
        note = secrets.token_hex(8) if body.text.strip() else None
        actor = call.principal.actor()
        rows = []
        if note is not None:
            rows.append(call.kernel.note_row(note, hall.info.id, body.text.strip(), actor.name))
        return await hall.execute(
            HandleAlert(alert_id=alert_id, verb=body.command, note=note),
            actor,
            lambda live, _: alert_view(live["alerts"].alerts[alert_id]),
            call.key,
            rows,
        )
    raise NotFound("unknown_alert", "没有这条提醒，或它已经结束。")


# --- devices -----------------------------------------------------------------------------------


def device_view(call: Call, device: Device) -> dict[str, Any]:
    return {
        "device_id": device.device_id,
        "kind": device.kind,
        "hall": device.hall_id,
        "window": device.window,
        "name": device.name,
        "settings": device.settings,
        "paired_at": from_millis(device.paired_ms),
        "revoked": device.revoked_ms is not None,
        "connected": device.device_id in call.kernel.sockets,
        "last_seen": device.last_seen_at(call.kernel.clock),
    }


async def list_devices(call: Call) -> Any:
    hall_id = call.hall.info.id
    devices = call.kernel.access.devices.values()
    return [device_view(call, device) for device in devices if device.hall_id == hall_id]


class NewCode(msgspec.Struct, forbid_unknown_fields=True):
    kind: DeviceKind
    name: str = ""
    window: int | None = None
    replaces: str | None = None


async def new_code(call: Call) -> Any:
    body: NewCode = call.body
    if body.kind in ("supervisor", "admin"):
        raise invalid("kind", "人员请使用账号登录，不能配对。")
    if body.kind in ("counter", "pad") and body.window is None and body.replaces is None:
        raise invalid("window", "请选择窗口。")
    if body.window is not None and not 1 <= body.window <= 999:
        raise invalid("window", "没有这个窗口。")
    if len(body.name) > 60:
        raise invalid("name", "名称最多 60 个字。")

    async def act() -> Any:
        hall_id = call.hall.info.id
        code, expires = await call.kernel.access.new_pairing_code(
            body.kind, hall_id, body.window, body.name, body.replaces
        )
        await call.kernel.audit(
            call.principal.actor().name, "pairing_code", body.kind, call.address, hall_id, body.name
        )
        return {"code": code, "expires_at": from_millis(expires)}

    return await once(call, act, stored=lambda answer: {**answer, "code": None})


class Revoke(msgspec.Struct, tag_field="command", tag="revoke", forbid_unknown_fields=True):
    pass


class Configure(msgspec.Struct, tag_field="command", tag="configure", forbid_unknown_fields=True):
    name: str | None = None
    settings: dict[str, Any] | None = None


async def command_device(call: Call) -> Any:
    device = call.kernel.access.devices.get(call.path("device"))
    if device is None:
        raise NotFound("unknown_device", "没有这台设备。")
    if device.hall_id is not None:
        check_scope(call.principal, device.hall_id)
    elif call.principal.halls is not None:
        raise Forbidden("wrong_hall", "当前身份不属于这个大厅。")

    async def act() -> Any:
        body: Revoke | Configure = call.body
        if isinstance(body, Revoke):
            changed = await call.kernel.access.revoke(device.device_id)
            action = "revoke"
        else:
            if body.name is not None and not 1 <= len(body.name) <= 60:
                raise invalid("name", "名称应为 1 到 60 个字。")
            changed = await call.kernel.access.configure(device.device_id, body.name, body.settings)
            action = "configure"
        await call.kernel.audit(
            call.principal.actor().name, action, device.device_id, call.address, device.hall_id
        )
        return device_view(call, changed)

    return await once(call, act)


# --- people ------------------------------------------------------------------------------------


def user_view(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "roles": user.roles,
        "halls": user.halls,
        "regions": user.regions,
        "disabled": user.disabled,
        "created_at": from_millis(user.created_ms),
    }


def within_reach(call: Call, user: User) -> bool:
    """Whether the caller's scope holds all of `user`'s: nobody gives what they do not have."""
    mine, theirs = call.principal.halls, call.kernel.access.user_principal(user).halls
    return mine is None or (theirs is not None and theirs <= mine)


def check_reach(call: Call, user: User) -> None:
    """Raises Forbidden for an account that reaches further than the caller's own.

    Nobody makes, resets or stops an account with rights they lack themselves; only who watches is
    appointed by others: supervisors by anyone who manages accounts, auditors by the system's
    administrator.
    """
    if not within_reach(call, user):
        raise Forbidden("wrong_hall", "该账号的管辖范围超出了您的范围。")
    mine = call.principal.roles | {"supervisor"}
    if "admin" in mine:
        mine |= {"auditor", "manager", "security"}
    if not set(user.roles) <= mine:
        raise Forbidden("wrong_role", "不能管理权限高于自己的账号。")


async def list_users(call: Call) -> Any:
    users = call.kernel.access.users.values()
    return [user_view(user) for user in users if within_reach(call, user)]


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    password: str
    roles: tuple[UserRole, ...]
    halls: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None


def check_password(password: str) -> None:
    """Raises Invalid for a password that is too easy (GB/T 22239: complexity)."""
    letters = any(c.isalpha() for c in password)
    digits = any(c.isdigit() for c in password)
    signs = any(not c.isalnum() for c in password)
    classes = letters + digits + signs
    if len(password) < PASSWORD_MIN or len(password) > 128 or classes < 2:
        message = f"密码至少 {PASSWORD_MIN} 位，并包含字母、数字、符号中的两种。"
        raise invalid("password", message)


async def new_user(call: Call) -> Any:
    body: NewUser = call.body
    if not 1 <= len(body.name) <= 40 or body.name != body.name.strip():
        raise invalid("name", "用户名应为 1 到 40 个字符，首尾无空格。")
    if not body.roles:
        raise invalid("roles", "请至少选择一个角色。")
    if "auditor" in body.roles and len(set(body.roles)) > 1:
        raise invalid("roles", "审计员不能兼任其他角色。")
    for index, hall_id in enumerate(body.halls or ()):
        if hall_id not in call.kernel.halls:
            raise invalid(f"halls[{index}]", "没有这个大厅。")
    for index, code in enumerate(body.regions or ()):
        if code not in call.kernel.regions:
            raise invalid(f"regions[{index}]", "没有这个行政区划。")
    check_password(body.password)
    wanted = User(
        name=body.name,
        password_hash="",
        roles=body.roles,
        halls=body.halls,
        regions=body.regions,
        created_ms=millis(call.kernel.clock.now()),
    )
    check_reach(call, wanted)

    async def act() -> Any:
        if body.name in call.kernel.access.users:
            raise Conflict("user_exists", "已有同名用户。")
        hashed = await asyncio.to_thread(access.hash_secret, body.password)
        user = msgspec.structs.replace(wanted, password_hash=hashed)
        await call.kernel.access.save_user(user)
        await call.kernel.audit(
            call.principal.actor().name, "user_created", user.name, call.address, None
        )
        return user_view(user)

    return await once(call, act)


class UserCommand(msgspec.Struct, forbid_unknown_fields=True):
    command: Literal["reset_password", "disable", "enable"]
    password: str | None = None


async def command_user(call: Call) -> Any:
    body: UserCommand = call.body
    user = call.kernel.access.users.get(call.path("name"))
    if user is None:
        raise NotFound("unknown_user", "没有这个用户。")
    check_reach(call, user)
    if body.command == "disable" and call.principal.id == f"user:{user.name}":
        raise Conflict("own_account", "不能停用自己的账号。")
    if body.command == "reset_password":
        check_password(body.password or "")

    async def act() -> Any:
        if body.command == "reset_password":
            hashed = await asyncio.to_thread(access.hash_secret, body.password or "")
            changed = msgspec.structs.replace(
                user, password_hash=hashed, failures=0, locked_until_ms=0
            )
        else:
            changed = msgspec.structs.replace(user, disabled=body.command == "disable")
        await call.kernel.access.save_user(changed)
        if body.command != "enable":
            await call.kernel.access.end_sessions(user.name)
        await call.kernel.audit(
            call.principal.actor().name, f"user_{body.command}", user.name, call.address, None
        )
        return user_view(changed)

    return await once(call, act)


async def read_audit(call: Call) -> Any:
    limit = call.query_int("limit", 100, 1, 1000)
    before = call.query_int("before", 1 << 60, 0, 1 << 60)
    table = tables.audit
    query = select(table).where(table.c.id < before).order_by(table.c.id.desc()).limit(limit)
    rows = await call.kernel.store.read(lambda c: c.execute(query).all())
    return [
        {
            "id": row.id,
            "at": from_millis(row.at_ms),
            "actor": row.actor,
            "action": row.action,
            "subject": row.subject,
            "hall": row.hall_id,
            "address": row.address,
            "detail": row.detail,
        }
        for row in rows
    ]


def routes() -> list[Route]:
    staff = STAFF | {"kiosk"}
    manager = roles()
    people = frozenset({"admin", "security"})
    r = Route
    return [
        r(method="GET", path="/me", handler=me, summary="Who am I", roles=EVERYBODY),
        r(
            method="POST", path="/pair", handler=pair, summary="Pair a device with its code",
            roles=None, body=Pair, keyed=False,
        ),
        r(
            method="POST", path="/session", handler=sign_in, summary="Sign in",
            roles=None, body=SignIn, keyed=False,
        ),
        r(
            method="DELETE", path="/session", handler=sign_out, summary="Sign out",
            roles=None, status=204, keyed=False,
        ),
        r(
            method="GET", path="/halls", handler=list_halls,
            summary="Halls in the caller's scope", roles=EVERYBODY,
        ),
        r(
            method="GET", path="/halls/{hall}/snapshot", handler=snapshot,
            summary="The hall's state as of its committed version", roles=EVERYBODY,
        ),
        r(
            method="GET", path="/halls/{hall}/events", handler=hall_events,
            summary="The journal after a version, redacted for the caller", roles=EVERYBODY,
        ),
        r(
            method="GET", path="/halls/{hall}/alerts", handler=list_alerts,
            summary="Alerts of the hall", roles=staff - {"kiosk"},
        ),
        r(
            method="POST", path="/alerts/{alert}/commands", handler=handle_alert,
            summary="Handle an alert", roles=roles("supervisor", "counter"), body=AlertCommand,
        ),
        r(
            method="GET", path="/halls/{hall}/devices", handler=list_devices,
            summary="Paired devices of the hall", roles=manager | {"security"},
        ),
        r(
            method="POST", path="/halls/{hall}/pairing-codes", handler=new_code,
            summary="A code that pairs one device", roles=manager | {"security"},
            body=NewCode, status=201,
        ),
        r(
            method="POST", path="/devices/{device}/commands", handler=command_device,
            summary="Revoke or configure a device", roles=manager | {"security"},
            body=Revoke | Configure,
        ),
        r(method="GET", path="/users", handler=list_users, summary="People", roles=people),
        r(
            method="POST", path="/users", handler=new_user, summary="A new account",
            roles=people, body=NewUser, status=201,
        ),
        r(
            method="POST", path="/users/{name}/commands", handler=command_user,
            summary="Reset a password, disable or enable an account", roles=people,
            body=UserCommand,
        ),
        r(
            method="GET", path="/audit", handler=read_audit,
            summary="The audit log, newest first", roles=frozenset({"auditor"}),
        ),
    ]  # fmt: skip
