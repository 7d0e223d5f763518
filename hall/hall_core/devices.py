"""Devices over HTTP: pairing codes, pairing, revoking and configuring."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from hall_core.answers import DeviceView, PairingCode
from hall_core.clock import from_millis
from hall_core.credentials import Device, DeviceKind
from hall_core.errors import Conflict, Forbidden, invalid
from hall_core.http import DEVICE_COOKIE, Call, Route, check_origin, check_scope, roles
from hall_core.once import Change, Write, alone

_encoder = msgspec.json.Encoder()
NAME_CHARS = 60
AT_WINDOW = ("counter", "pad")
SETTINGS_BYTES = 16 * 1024
SETTINGS_DEPTH = 8


def device_view(call: Call, device: Device) -> DeviceView:
    agents = call.kernel.agents
    view: DeviceView = {
        "device_id": device.device_id,
        "kind": device.kind,
        "hall": device.hall_id,
        "window": device.window,
        "name": device.name,
        "settings": device.settings,
        "paired_at": from_millis(device.paired_ms),
        "revoked": device.revoked_ms is not None,
        "connected": device.device_id in call.kernel.sockets,
        "last_seen": agents.last_contact(device),
        "faults": agents.faults(device),
    }
    if device.kind == "agent":
        view["connected"] = device.device_id in agents.connections
        view["version"] = agents.version(device.device_id)
        view["parts"] = agents.parts(device.device_id)
    return view


class Pair(msgspec.Struct, forbid_unknown_fields=True):
    code: str


async def pair(call: Call) -> web.Response:
    check_origin(call.request)  # what sets a cookie is asked for by our own pages only

    def entry(device: Device) -> Change:
        _require_place(call, device)
        actor = f"device:{device.name}"
        return call.kernel.audit_entry(
            actor, "pair", device.device_id, call.address, device.hall_id, device.kind
        )

    device, token = await call.kernel.access.pair(call.body.code, call.address, entry)
    response = web.Response(
        body=_encoder.encode(device_view(call, device)), content_type="application/json"
    )
    set_device_cookie(response, device, token)
    return response


def _require_place(call: Call, device: Device) -> None:
    """Raises Conflict for a code whose window was removed since it was made."""
    hall, window = call.kernel.halls.get(device.hall_id or ""), device.window
    if window is None:
        there = device.kind not in AT_WINDOW
    else:
        there = hall is not None and hall.has(("windows", window))
    if not there:
        raise Conflict(
            "window_removed",
            "这个配对码的窗口已被删除，请向管理员要一个新的。",
            detail_en="The window of this code was removed. Please ask for a new code.",
        )


def set_device_cookie(response: web.StreamResponse, device: Device, token: str) -> None:
    """A page's device token lives in a cookie that no script can read."""
    response.set_cookie(
        DEVICE_COOKIE + device.device_id,
        token,
        httponly=True,
        samesite="Strict",
        max_age=10 * 365 * 24 * 3600,
    )


async def list_devices(call: Call) -> list[DeviceView]:
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
        raise invalid(
            "kind",
            "人员请使用账号登录，不能配对。",
            "People sign in with an account; they cannot be paired.",
        )
    if body.kind in AT_WINDOW and body.window is None and body.replaces is None:
        raise invalid("window", "请选择窗口。", "Please choose a window.")
    if body.window is not None and not call.hall.has(("windows", body.window)):
        raise invalid("window", "没有这个窗口。", "There is no such window. Please choose again.")
    if len(body.name) > NAME_CHARS:
        raise invalid(
            "name",
            f"名称最多 {NAME_CHARS} 个字。",
            f"The name can have at most {NAME_CHARS} characters.",
        )

    async def act() -> Write:
        hall_id = call.hall.info.id
        code, expires, change = call.kernel.access.pairing_code(
            body.kind, hall_id, body.window, body.name, body.replaces
        )
        actor = call.principal.actor().name
        entry = call.kernel.audit_entry(
            actor, "pairing_code", body.kind, call.address, hall_id, body.name
        )
        answer: PairingCode = {"code": code, "expires_at": from_millis(expires)}
        return Write(answer, (change, entry), stored={**answer, "code": None})

    return await alone(call, act)


class Revoke(msgspec.Struct, tag_field="command", tag="revoke", forbid_unknown_fields=True):
    pass


class Configure(msgspec.Struct, tag_field="command", tag="configure", forbid_unknown_fields=True):
    name: str | None = None
    settings: dict[str, Any] | None = None


def _check_settings(settings: dict[str, Any]) -> None:
    """Raises Invalid for settings that are no page's: every list of devices carries them."""
    if not _is_flat(settings, SETTINGS_DEPTH) or len(_encoder.encode(settings)) > SETTINGS_BYTES:
        raise invalid(
            "settings",
            f"设置过大：最多 {SETTINGS_BYTES // 1024} KB、{SETTINGS_DEPTH} 层。",
            f"The settings are too large: at most {SETTINGS_BYTES // 1024} KB and "
            f"{SETTINGS_DEPTH} levels.",
        )


def _is_flat(value: Any, levels: int) -> bool:
    """Whether lists and objects stand in one another at most so deep."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return True
    return levels > 0 and all(_is_flat(each, levels - 1) for each in value)


async def command_device(call: Call) -> Any:
    body: Revoke | Configure = call.body
    access = call.kernel.access
    device_id = call.path("device")
    hall_id = access.device(device_id).hall_id
    if hall_id is not None:
        check_scope(call.principal, hall_id)
    elif call.principal.halls is not None:
        raise Forbidden("wrong_hall", "当前身份不属于这个大厅。")
    name = body.name if isinstance(body, Configure) else None
    if name is not None and not 1 <= len(name) <= NAME_CHARS:
        raise invalid(
            "name",
            f"名称应为 1 到 {NAME_CHARS} 个字。",
            f"The name must be 1 to {NAME_CHARS} characters.",
        )

    if isinstance(body, Configure) and body.settings is not None:
        _check_settings(body.settings)

    async def act() -> Write:
        device = access.device(device_id)
        if isinstance(body, Revoke):
            action, changed = "revoke", access.revoked(device)
        else:
            action = "configure"
            changed = msgspec.structs.replace(
                device,
                name=device.name if body.name is None else body.name,
                settings=device.settings if body.settings is None else body.settings,
            )
        actor = call.principal.actor().name
        entry = call.kernel.audit_entry(actor, action, device_id, call.address, hall_id)
        return Write(device_view(call, changed), (access.admitting(changed), entry))

    return await alone(call, act)


def routes() -> list[Route]:
    who = roles() | {"security"}
    return [
        Route(
            method="POST", path="/pair", handler=pair, summary="Pair a device with its code",
            roles=None, body=Pair, keyed=False, answer=DeviceView,
        ),
        Route(
            method="GET", path="/halls/{hall}/devices", handler=list_devices,
            summary="Paired devices of the hall", roles=who, answer=list[DeviceView],
        ),
        Route(
            method="POST", path="/halls/{hall}/pairing-codes", handler=new_code,
            summary="A code that pairs one device", roles=who, body=NewCode, status=201,
            answer=PairingCode,
        ),
        Route(
            method="POST", path="/devices/{device}/commands", handler=command_device,
            summary="Revoke or configure a device", roles=who, body=Revoke | Configure,
            answer=DeviceView,
        ),
    ]  # fmt: skip
