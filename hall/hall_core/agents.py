"""The server's side of agents: their connections, what they report, and asking them something.

Connections are facts of this process, not of a hall: which agent is there, what it drives, when it
was last heard. What is wrong with a device is a fact of the hall (`faults.py`). An agent that was
seen before and stays away for `LOST_S` is a fault as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from aiohttp import WSMsgType, web
from sqlalchemy import select

from hall_core import tables
from hall_core.agent import wire
from hall_core.answers import DeviceFaultView
from hall_core.clock import from_millis, millis
from hall_core.credentials import Device
from hall_core.errors import Conflict, HallError, NotFound
from hall_core.faults import FAULTS, FaultsState, ReportDevice
from hall_core.features import Actor

if TYPE_CHECKING:
    from hall_core.kernel import Kernel

log = structlog.get_logger()

LOST_S = 30.0
SILENT_S = 3 * wire.PING_S
WATCH_S = 1.0
ASKS_MAX = 16  # waiting for one agent

# What a part's kind is called, for people: in Chinese, in English.
KINDS = {
    "printer": ("号票打印机", "ticket printer"),
    "reader": ("读卡器", "card reader"),
    "strip": ("LED条屏", "LED strip"),
    "caller": ("呼叫器", "caller"),
    "pad": ("评价器", "rating pad"),
    "kiosk": ("取号页", "kiosk page"),
}

_encoder = msgspec.json.Encoder()
_from_agent: msgspec.json.Decoder[wire.FromAgent] = msgspec.json.Decoder(wire.FromAgent)


class Connection:
    """One agent that is there."""

    def __init__(self, device_id: str, socket: web.WebSocketResponse, hello: wire.Hello) -> None:
        self.device_id = device_id
        self.socket = socket
        self.parts = hello.parts
        self.version = hello.version
        self.asks: dict[int, asyncio.Future[wire.Answered]] = {}
        self._last_ask = 0

    def part(self, name: str) -> wire.PartInfo | None:
        """The part of this name, else the first of this kind."""
        by_name = (part for part in self.parts if part.name == name)
        by_kind = (part for part in self.parts if part.kind == name)
        return next(by_name, None) or next(by_kind, None)

    async def ask(self, part: str, request: Any) -> wire.Answered:
        """Raises ConnectionError when the agent goes before it answers."""
        self._last_ask += 1
        asked = self._last_ask
        future: asyncio.Future[wire.Answered] = asyncio.get_running_loop().create_future()
        self.asks[asked] = future
        try:
            await self.socket.send_str(_encoder.encode(wire.Ask(asked, part, request)).decode())
            return await future
        finally:
            del self.asks[asked]

    def answered(self, answer: wire.Answered) -> bool:
        """Whether somebody waited for this."""
        future = self.asks.get(answer.id)
        if future is None or future.done():
            return False
        future.set_result(answer)
        return True

    def ended(self) -> None:
        for future in self.asks.values():
            if not future.done():
                future.set_exception(ConnectionError("the agent has gone"))


class Contact(msgspec.Struct):
    """What is kept of a device: when it was last heard, and what an agent said of itself."""

    seen_ms: int
    version: str = ""
    parts: tuple[wire.PartInfo, ...] = ()


class Agents:
    """Every agent of this server."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.connections: dict[str, Connection] = {}
        self.dropped = 0  # messages that made no sense, since the start
        self._contacts: dict[str, Contact] = {}
        self._stored: dict[str, Contact] = {}
        self._away: dict[str, float] = {}  # agent -> when it counts as lost (monotonic)
        self._unsaid: dict[tuple[str, str], wire.Report] = {}  # reports that could not be stored
        self._closing: set[asyncio.Task[Any]] = set()
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read who was here before, and begin to miss those who do not come."""
        query = select(tables.contacts)
        for row in await self._kernel.store.read(lambda c: c.execute(query).all()):
            parts = msgspec.json.decode(row.parts, type=tuple[wire.PartInfo, ...])
            self._contacts[row.device_id] = Contact(row.seen_ms, row.version, parts)
        self._stored = dict(self._contacts)
        due = time.monotonic() + LOST_S
        for device_id in self._contacts:
            device = self._kernel.access.devices.get(device_id)
            if device is not None and device.kind == "agent" and device.revoked_ms is None:
                self._away[device_id] = due
        self._watching = asyncio.create_task(self._watch())

    def close(self) -> None:
        """End every connection; they do not end by themselves."""
        for connection in tuple(self.connections.values()):
            self._end(connection, 1001)

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        self.close()
        if self._closing:
            await asyncio.wait(tuple(self._closing))
        with contextlib.suppress(HallError):  # a full disk is no reason not to stop
            await self.keep()

    # --- asking --------------------------------------------------------------------------------

    async def ask(self, device_id: str, part: str, request: Any, timeout_s: float = 5.0) -> Any:
        """Have a part of an agent do something. `part` is its name or its kind.

        Raises:
            Conflict: `device_not_connected` or `device_busy`: it was not asked; `device_timeout`:
                whether it did it is unknown; or what the part says (`PartFailed`).
            NotFound: the agent has no such part.
        """
        connection = self.connections.get(device_id)
        if connection is None:
            raise Conflict("device_not_connected", "设备未连接，请检查设备所在的电脑和网线。")
        info = connection.part(part)
        if info is None:
            raise NotFound("unknown_part", "这台电脑没有配置该设备。")
        if len(connection.asks) >= ASKS_MAX:
            raise Conflict("device_busy", "设备正忙，请稍后再试。")
        try:
            async with asyncio.timeout(timeout_s):
                answer = await connection.ask(info.name, request)
        except (TimeoutError, OSError):
            raise Conflict("device_timeout", "设备没有应答，不能确定是否完成。") from None
        if answer.failure is not None:
            raise Conflict(answer.failure.code, answer.failure.detail)
        return answer.result

    # --- who is here ---------------------------------------------------------------------------

    def last_contact(self, device: Device) -> datetime | None:
        """When a device last spoke, also before the server started."""
        seen = device.last_seen_at(self._kernel.clock)
        contact = self._contacts.get(device.device_id)
        if seen is not None or contact is None:
            return seen
        return from_millis(contact.seen_ms)

    def parts(self, device_id: str) -> tuple[wire.PartInfo, ...]:
        """What an agent drives, as it said when it last connected."""
        connection = self.connections.get(device_id)
        if connection is not None:
            return connection.parts
        contact = self._contacts.get(device_id)
        return () if contact is None else contact.parts

    def version(self, device_id: str) -> str:
        """The release an agent runs, as it said when it last connected."""
        contact = self._contacts.get(device_id)
        return "" if contact is None else contact.version

    def faults(self, device: Device) -> list[DeviceFaultView]:
        """What is wrong with a device now."""
        hall = self._kernel.halls.get(device.hall_id or "")
        if hall is None:
            return []
        faults: FaultsState = hall.committed["devices"]
        return [
            {
                "place": where.partition("-")[2],
                "fault": fault.fault,
                "text": FAULTS[fault.fault][0],
                "text_en": FAULTS[fault.fault][1],
                "since": fault.since,
            }
            for where, fault in faults.faults.items()
            if where.startswith(f"{device.device_id}-")
        ]

    def printers(self, hall_id: str) -> list[tuple[Device, wire.PartInfo]]:
        """Every ticket printer of a hall, connected or not."""
        return [
            (device, part)
            for device in self._kernel.access.devices.values()
            if device.hall_id == hall_id and device.kind == "agent" and device.revoked_ms is None
            for part in self.parts(device.device_id)
            if part.kind == "printer"
        ]

    # --- connections ---------------------------------------------------------------------------

    async def serve(self, device: Device, socket: web.WebSocketResponse, hello: wire.Hello) -> None:
        """Serve one agent until it goes."""
        device_id = device.device_id
        connection = Connection(device_id, socket, hello)
        earlier = self.connections.get(device_id)
        self.connections[device_id] = connection
        self._away.pop(device_id, None)
        if earlier is not None:
            self._end(earlier, wire.REPLACED)
        self._heard(connection)
        try:
            await socket.send_str(_encoder.encode(wire.Welcome()).decode())
            await self._returned(device, connection)
            while True:
                async with asyncio.timeout(SILENT_S):
                    message = await socket.receive()
                if message.type is WSMsgType.TEXT:
                    self._heard(connection)
                    await self._take(device, connection, message.data)
                elif message.type is WSMsgType.BINARY:
                    self.dropped += 1
                else:
                    self.dropped += message.type is WSMsgType.ERROR  # too large
                    return
        except (TimeoutError, ConnectionError):
            return
        finally:
            connection.ended()
            if self.connections.get(device_id) is connection:
                del self.connections[device_id]
                self._away[device_id] = time.monotonic() + LOST_S

    def _heard(self, connection: Connection) -> None:
        device = self._kernel.access.devices.get(connection.device_id)
        if device is not None:
            device.last_seen = time.monotonic()

    def _end(self, connection: Connection, code: int) -> None:
        connection.ended()
        closing = asyncio.create_task(connection.socket.close(code=code))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _returned(self, device: Device, connection: Connection) -> None:
        """It is here again: not lost, and what it drives no more has no fault."""
        self._contacts[device.device_id] = Contact(
            millis(self._kernel.clock.now()), connection.version, connection.parts
        )
        names = {part.name for part in connection.parts}
        for device_id, place in tuple(self._unsaid):  # what is wrong now is told anew
            if device_id == device.device_id:
                del self._unsaid[device_id, place]
        for place in self._places_of(device):
            if place not in names:
                await self._report(device, wire.Report(place, None))

    async def _take(self, device: Device, connection: Connection, message: str) -> None:
        try:
            said = _from_agent.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.dropped += 1
            return
        if isinstance(said, wire.Answered):
            self.dropped += not connection.answered(said)
        elif isinstance(said, wire.Report):
            if all(part.name != said.part for part in connection.parts):
                self.dropped += 1
            else:
                await self._report(device, said)

    # --- faults --------------------------------------------------------------------------------

    def _places_of(self, device: Device) -> list[str]:
        hall = self._kernel.halls.get(device.hall_id or "")
        if hall is None:
            return []
        faults: FaultsState = hall.live["devices"]
        prefix = f"{device.device_id}-"
        return [key.removeprefix(prefix) for key in faults.faults if key.startswith(prefix)]

    async def _report(self, device: Device, report: wire.Report) -> None:
        """Raise or close the alert; what can't be stored now is said again later."""
        hall = self._kernel.halls.get(device.hall_id or "")
        if hall is None:
            return
        place = (device.device_id, report.part)
        kind = next((p.kind for p in self.parts(device.device_id) if p.name == report.part), "")
        known = report.fault is None or report.fault in FAULTS
        command = ReportDevice(
            device_id=device.device_id,
            name=device.name or "设备",
            # An agent newer than this server may know faults that we do not.
            fault=report.fault if known else "device_error",
            window=device.window,
            place=report.part,
            place_name=KINDS.get(kind, (report.part, report.part)),
            detail=report.detail if known else f"{report.fault} {report.detail}",
        )
        actor = Actor(kind="agent", name=f"agent:{device.name or device.device_id}")
        self._unsaid.pop(place, None)
        try:
            await hall.execute(command, actor, lambda live, _: None)
        except HallError:
            self._unsaid.setdefault(place, report)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                await self._look()
            except Exception:
                log.exception("agents_watch_failed")

    async def _look(self) -> None:
        """Miss who stays away, say again what could not be stored, and forget the faults of
        devices that were taken out of use."""
        devices = self._kernel.access.devices
        now = time.monotonic()
        for device_id in [key for key, due in self._away.items() if due <= now]:
            del self._away[device_id]
            device = devices.get(device_id)
            if device is not None and device.revoked_ms is None:
                await self._report(device, wire.Report("", "lost"))
        for (device_id, place), report in tuple(self._unsaid.items()):
            device = devices.get(device_id)
            if device is None or device.revoked_ms is not None:
                self._unsaid.pop((device_id, place), None)
            else:
                await self._report(device, report)
        for hall in self._kernel.halls.values():
            faults: FaultsState = hall.live["devices"]
            for where in tuple(faults.faults):
                device_id, _, place = where.partition("-")
                device = devices.get(device_id)
                if device is not None and device.revoked_ms is not None:
                    await self._report(device, wire.Report(place, None))

    # --- what is kept --------------------------------------------------------------------------

    async def keep(self) -> None:
        """Write down when devices were last heard, and what agents drive."""
        rows = []
        for device_id, device in self._kernel.access.devices.items():
            contact = self._contacts.get(device_id)
            seen = device.last_seen_at(self._kernel.clock)
            if seen is not None:
                contact = contact or Contact(0)
                contact = msgspec.structs.replace(contact, seen_ms=millis(seen))
                self._contacts[device_id] = contact
            if contact is not None and contact != self._stored.get(device_id):
                self._stored[device_id] = contact
                parts = _encoder.encode(contact.parts).decode()
                row = (device_id, contact.seen_ms, contact.version, parts)
                rows.append((tables.contacts, row))
        if rows:
            await self._kernel.writer.write(rows)
