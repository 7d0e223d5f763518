"""The calls by which an administrator sets up the cascade and sees how it is."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import msgspec
from sqlalchemy import delete

from hall_cameras.cascade import answers, tables
from hall_cameras.cascade.directory import Node
from hall_cameras.cascade.service import Cascade, Platform
from hall_cameras.cascade.setup import PlatformSetup, check
from hall_core.errors import Conflict, invalid
from hall_core.http import Call, Route
from hall_core.once import Change, Write, once

ADMIN = frozenset({"admin"})
PLATFORMS_MAX = 16
PASSWORD_MAX = 128

WHY = {
    "": "",
    "timeout": "平台没有应答，请检查地址、端口和网络。",
    "bad_password": "平台不接受用户名或密码，请更正后重试。",
    "bad_challenge": "平台要求的认证方式无法识别。",
    "keepalive": "心跳多次没有应答，正在重新注册。",
    "port_taken": "本机信令端口已被占用，请换一个端口。",
    "disabled": "已停用。",
}


class PlatformBody(PlatformSetup, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`password` None: as it is."""

    password: str | None = None


class CommandBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    command: Literal["retry"]


class IdBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    gb_id: str


class CascadeCalls:
    def __init__(self, cascade: Callable[[], Cascade]) -> None:
        self._get = cascade

    # --- platforms -----------------------------------------------------------------------------

    async def list_(self, call: Call) -> Any:
        cascade = self._get()
        return [self._view(cascade, call, platform) for platform in cascade.platforms.values()]

    async def one(self, call: Call) -> Any:
        cascade = self._get()
        return self._view(cascade, call, cascade.find(call.path("platform")))

    async def add(self, call: Call) -> Any:
        cascade = self._get()
        setup, password = _setup(call.body)
        if len(cascade.platforms) >= PLATFORMS_MAX:
            raise Conflict("too_many_platforms", f"最多 {PLATFORMS_MAX} 个上级平台。")
        self._check_new(cascade, setup, None)
        platform = Platform(platform_id=secrets.token_hex(8), setup=setup, password=password or "")
        return await self._store(call, platform, "cascade_platform_added")

    async def edit(self, call: Call) -> Any:
        cascade = self._get()
        old = cascade.find(call.path("platform"))
        setup, password = _setup(call.body)
        if old.registered_ms is not None and setup.device_id != old.setup.device_id:
            raise Conflict("id_shown", "已在上级平台注册过，本级编码不能再改。")
        self._check_new(cascade, setup, old.platform_id)
        platform = msgspec.structs.replace(
            old, setup=setup, password=old.password if password is None else password
        )
        return await self._store(call, platform, "cascade_platform_changed", old)

    def _check_new(self, cascade: Cascade, setup: PlatformSetup, but: str | None) -> None:
        """Platforms share our port; at one address they must be told apart by their ids."""

        def known_by(of: PlatformSetup) -> tuple[str, str, int]:
            return (of.host, of.server_id, of.local_port)

        for other in cascade.platforms.values():
            if other.platform_id != but and known_by(other.setup) == known_by(setup):
                raise invalid(
                    "server_id",
                    f"“{other.setup.name}”已用这个地址和平台编码接入。",
                    f"“{other.setup.name}” was joined with this address and id already.",
                )

    async def _store(
        self, call: Call, platform: Platform, action: str, old: Platform | None = None
    ) -> Any:
        cascade = self._get()
        done = False

        async def act() -> Write:
            nonlocal done
            done = True
            entry = call.kernel.audit_entry(
                call.principal.actor().name, action, platform.platform_id, call.address, None,
                platform.setup.name,
            )  # fmt: skip
            answer = {"platform_id": platform.platform_id}
            return Write(answer, (cascade.putting(platform), entry))

        answer = await once(call, act)
        if done and old is not None:
            await cascade.changed(old, platform)
        elif done:
            await cascade.reopen(platform.platform_id)
        return answer

    async def remove(self, call: Call) -> Any:
        cascade = self._get()
        earlier = await call.earlier()
        if earlier is not None:
            return earlier
        platform = cascade.find(call.path("platform"))
        table = tables.cascade_platforms

        def then() -> None:
            cascade.platforms.pop(platform.platform_id, None)

        async def act() -> Write:
            statement = delete(table).where(table.c.platform_id == platform.platform_id)
            removing = Change(statements=((statement, {}),), then=then)
            entry = call.kernel.audit_entry(
                call.principal.actor().name, "cascade_platform_removed", platform.platform_id,
                call.address, None, platform.setup.name,
            )  # fmt: skip
            return Write({"platform_id": platform.platform_id, "removed": True}, (removing, entry))

        answer = await once(call, act)
        await cascade.reopen(platform.platform_id)
        return answer

    async def command(self, call: Call) -> Any:
        cascade = self._get()
        platform = cascade.find(call.path("platform"))

        async def act() -> Write:
            await cascade.reopen(platform.platform_id)
            entry = call.kernel.audit_entry(
                call.principal.actor().name, "cascade_platform_retried", platform.platform_id,
                call.address, None, platform.setup.name,
            )  # fmt: skip
            return Write({"platform_id": platform.platform_id, "command": "retry"}, (entry,))

        return await once(call, act)

    # --- what it sees --------------------------------------------------------------------------

    async def channels(self, call: Call) -> Any:
        """Everything it may see, in the order of the catalogue, and what is withheld."""
        cascade = self._get()
        platform = cascade.find(call.path("platform"))
        nodes = cascade.directory(platform).nodes
        withheld = [
            {"camera_id": camera.camera_id, "name": camera.name, "hall": hall.name}
            for hall in cascade.shared(msgspec.structs.replace(platform.setup, withheld=()))
            for camera in hall.cameras
            if camera.camera_id in platform.setup.withheld
        ]
        return {"nodes": [self._node(cascade, node) for node in nodes], "withheld": withheld}

    def _node(self, cascade: Cascade, node: Node) -> dict[str, Any]:
        allotment = cascade.book.get(node.id)
        return {
            "gb_id": node.id,
            "kind": node.kind,
            "name": node.name,
            "subject": node.subject,
            "parent": node.parent,
            "online": node.online,
            "editable": allotment is not None and allotment.shown_ms is None,
        }

    async def change_id(self, call: Call) -> Any:
        cascade = self._get()
        body: IdBody = call.body

        async def act() -> Write:
            change = cascade.book.changing(call.path("gb_id"), body.gb_id)
            entry = call.kernel.audit_entry(
                call.principal.actor().name, "cascade_id_changed", body.gb_id, call.address, None,
                call.path("gb_id"),
            )  # fmt: skip
            return Write({"gb_id": body.gb_id}, (change, entry))

        async with cascade.allotting:
            return await once(call, act)

    async def log(self, call: Call) -> Any:
        """The last messages, newest first, without their secrets."""
        cascade = self._get()
        platform = cascade.find(call.path("platform"))
        station = cascade.stations.get(platform.platform_id)
        entries = [] if station is None else list(station.agent.line.log)
        return [
            {"at": entry.at, "sent": entry.sent, "summary": entry.summary, "text": entry.text}
            for entry in reversed(entries)
        ]

    # --- how it is -----------------------------------------------------------------------------

    def _view(self, cascade: Cascade, call: Call, platform: Platform) -> dict[str, Any]:
        station = cascade.stations.get(platform.platform_id)
        view: dict[str, Any] = msgspec.to_builtins(platform.setup)
        shown = cascade.directory(platform) if station is None else station.agent.directory
        nodes = shown.nodes
        view |= {
            "platform_id": platform.platform_id,
            "has_password": bool(platform.password),
            "id_fixed": platform.registered_ms is not None,
            "cameras": sum(1 for node in nodes if node.kind == "camera"),
            "cameras_online": sum(1 for node in nodes if node.kind == "camera" and node.online),
        }
        if station is None:
            return view | _state("off", "disabled", None, None, [])
        registration = station.agent.registration
        now, wall = time.monotonic(), call.kernel.clock.now()

        def at(then: float | None) -> datetime | None:
            return None if then is None else wall - timedelta(seconds=now - then)

        names = {node.subject: node.name for node in nodes if node.subject}
        watched = [
            {
                "camera_id": session.camera_id,
                "name": names.get(session.camera_id, ""),
                "since": at(session.began),
                "main": session.stream == 0,
            }
            for session in cascade.sessions.of(platform.platform_id)
            if session.sending
        ]
        return view | _state(
            "waiting" if station.trouble else registration.state,
            station.trouble or registration.why,
            at(registration.registered_at),
            at(registration.kept_at),
            watched,
        )


def _state(
    state: str,
    why: str,
    registered: datetime | None,
    kept: datetime | None,
    watched: list[dict[str, Any]],
) -> dict[str, Any]:
    status = why.removeprefix("status_")
    text = WHY.get(why, f"平台回答 {status}。" if why.startswith("status_") else why)
    return {
        "state": state,
        "why": why,
        "why_text": text,
        "registered_at": registered,
        "keepalive_at": kept,
        "watched": watched,
    }


def _setup(body: PlatformBody) -> tuple[PlatformSetup, str | None]:
    fields = msgspec.structs.asdict(body)
    password = fields.pop("password")
    if password is not None and len(password) > PASSWORD_MAX:
        raise invalid(
            "password",
            f"密码不超过 {PASSWORD_MAX} 个字符。",
            f"The password can have at most {PASSWORD_MAX} characters.",
        )
    setup = PlatformSetup(**fields)
    check(setup)
    return setup, password


def routes(cascade: Callable[[], Cascade]) -> list[Route]:
    """They are of the whole installation: a platform is shown cameras of any hall."""
    calls = CascadeCalls(cascade)
    r = partial(Route, roles=ADMIN, all_halls=True)
    one = "/cascade/platforms/{platform}"
    return [
        r(
            method="GET", path="/cascade/platforms", handler=calls.list_,
            summary="Upper platforms (GB/T 28181) and how they are",
            answer=list[answers.PlatformView],
        ),
        r(
            method="POST", path="/cascade/platforms", handler=calls.add,
            summary="Set up an upper platform", body=PlatformBody, status=201,
            answer=answers.PlatformRef,
        ),
        r(
            method="GET", path=one, handler=calls.one, summary="One of them",
            answer=answers.PlatformView,
        ),
        r(
            method="PUT", path=one, handler=calls.edit, summary="Change an upper platform",
            body=PlatformBody, answer=answers.PlatformRef,
        ),
        r(
            method="DELETE", path=one, handler=calls.remove, summary="Leave an upper platform",
            answer=answers.PlatformRemoved,
        ),
        r(
            method="POST", path=f"{one}/commands", handler=calls.command,
            summary="Register anew, at once", body=CommandBody,
            answer=answers.PlatformTold,
        ),
        r(
            method="GET", path=f"{one}/channels", handler=calls.channels,
            summary="The tree that it is shown, with the 20-digit ids",
            answer=answers.ChannelsView,
        ),
        r(
            method="GET", path=f"{one}/log", handler=calls.log,
            summary="The last signalling messages, secrets masked",
            answer=list[answers.LogEntry],
        ),
        r(
            method="PUT", path="/cascade/ids/{gb_id}", handler=calls.change_id,
            summary="Change an id that no platform has seen yet", body=IdBody,
            answer=answers.IdView,
        ),
    ]  # fmt: skip
