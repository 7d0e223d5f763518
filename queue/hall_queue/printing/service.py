"""Printing: which printer, what stands on the paper, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import TypedDict
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, delete, select

from hall_core.clock import millis
from hall_core.credentials import Device
from hall_core.errors import Conflict, NotFound
from hall_core.faults import FaultsState
from hall_core.halls import Hall
from hall_core.kernel import Kernel
from hall_core.texts import TICKET_TEXTS
from hall_queue.domain.state import QueueState, Ticket
from hall_queue.printing.layout import Line, lay_out
from hall_queue.printing.tables import ticket_prints
from hall_queue.printing.words import SAMPLE, SCAN, words_of
from hall_queue.service import QueueService

ANSWER_S = 15.0  # for one ticket, the printer's own checks included
KEEP = timedelta(days=7)
REPRINT = "补打"

UNKNOWN = frozenset({"print_unconfirmed", "device_timeout", "part_failed"})
"""Answers after which a ticket may or may not have come out."""


class PrintingState(msgspec.Struct, kw_only=True):
    texts: dict[str, str] = {}  # what the hall changed of TICKET_TEXTS


class PrinterView(TypedDict):
    """`printer` is what settings and print calls name. `fault`: also `lost`, when its agent is."""

    printer: str
    name: str
    device_id: str
    part: str
    connected: bool
    fault: str | None


class Printing:
    """The shell of printing in one server."""

    def __init__(self, queue: QueueService) -> None:
        self._queue = queue
        self.kernel: Kernel
        # Per ticket, until it is known what became of its copy: of two that are asked for at the
        # same moment the second is marked, unless the first was refused.
        self._copies: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # --- printers ------------------------------------------------------------------------------

    def printers(self, hall: Hall) -> list[PrinterView]:
        """Every ticket printer of the hall."""
        agents = self.kernel.agents
        found = agents.printers(hall.info.id)
        shared = [device.device_id for device, _ in found]
        faults: FaultsState = hall.committed["devices"]
        views: list[PrinterView] = []
        for device, part in found:
            several = shared.count(device.device_id) > 1
            wrong = [
                faults.faults[where].fault
                for where in (f"{device.device_id}-", f"{device.device_id}-{part.name}")
                if where in faults.faults
            ]
            name = device.name or device.device_id
            views.append(
                {
                    "printer": f"{device.device_id}/{part.name}",
                    "name": f"{name} {part.name}" if several else name,
                    "device_id": device.device_id,
                    "part": part.name,
                    "connected": device.device_id in agents.connections,
                    "fault": wrong[0] if wrong else None,
                }
            )
        return views

    def find(self, hall: Hall, device: Device | None, named: str | None) -> PrinterView:
        """The printer that was named, else the one in the asking device's settings.

        Raises:
            Conflict: neither names one.
            NotFound: the hall has no such printer.
        """
        wanted = named or str((device.settings if device is not None else {}).get("printer", ""))
        if not wanted:
            raise Conflict("no_printer", "没有为本机指定号票打印机，请在管理页的设备设置里选择。")
        for view in self.printers(hall):
            if wanted in (view["printer"], view["device_id"]):
                return view
        raise NotFound("unknown_printer", "没有这台号票打印机，请在管理页重新选择。")

    # --- paper ---------------------------------------------------------------------------------

    def texts(self, hall: Hall) -> dict[str, str]:
        state: PrintingState = hall.committed["printing"]
        return {**TICKET_TEXTS, **state.texts}

    def lines(self, hall: Hall, ticket: Ticket, reprint: bool) -> list[Line]:
        """One ticket as it stands now."""
        state: QueueState = hall.committed["queue"]
        zone = ZoneInfo(hall.info.timezone)
        public_url = state.settings.public_url.rstrip("/")
        token = self.kernel.secret.ticket_token(ticket.ticket_id)
        link = f"{public_url}/t/{token}" if public_url else ""
        wait = self._queue.wait_of(hall, state, ticket)
        texts = self.texts(hall)
        words = words_of(hall.info, state, ticket, wait, texts, link, zone)
        now = hall.clock.now().astimezone(zone)
        marks = [f"{REPRINT} {now:%Y-%m-%d %H:%M}"] if reprint else []
        return lay_out(texts["ticket.layout"], words, marks)

    def sample(self, hall: Hall, texts: Mapping[str, str]) -> list[Line]:
        """A ticket that nobody took, for a manager who looks at `texts` or tries a printer."""
        public_url = hall.committed["queue"].settings.public_url.rstrip("/")
        words = {
            **SAMPLE,
            "hall": hall.info.name,
            "title": texts["ticket.title"],
            "foot": texts["ticket.foot"],
            "qr": f"{public_url}/t/…" if public_url else "",
            "scan": SCAN if public_url else "",
        }
        return lay_out(texts["ticket.layout"], words)

    # --- printing ------------------------------------------------------------------------------

    async def print(
        self, hall: Hall, ticket: Ticket, printer: PrinterView, job: str, again: bool
    ) -> None:
        """Print one ticket, once per `job`. A second copy is marked, whoever asks for it.

        Args:
            again: somebody printed it before in another way (a page's own printing).

        Raises:
            Conflict: not printed (`printer_…`, `device_not_connected`), or it is unknown whether
                it was (`print_unconfirmed`).
        """
        table = ticket_prints

        def printed_before(connection: Connection) -> bool:
            other = select(table.c.job_id).where(
                table.c.ticket_id == ticket.ticket_id,
                table.c.number == ticket.number,
                table.c.job_id != job,
                table.c.outcome != "refused",
            )
            return connection.execute(other.limit(1)).first() is not None

        async with self._copies.setdefault(ticket.ticket_id, asyncio.Lock()):
            reprint = again or await self.kernel.store.read(printed_before)
            await self._note(hall, ticket, printer, job, "sent")
            await self.send(printer, job, self.lines(hall, ticket, reprint), hall, ticket)

    async def send(
        self,
        printer: PrinterView,
        job: str,
        lines: list[Line],
        hall: Hall,
        ticket: Ticket | None,
    ) -> None:
        """Have the agent print. Raises as `print`."""
        request = {"job": job, "lines": lines}
        try:
            await self.kernel.agents.ask(printer["device_id"], printer["part"], request, ANSWER_S)
        except (Conflict, NotFound) as error:
            if error.code in UNKNOWN:
                raise Conflict(
                    "print_unconfirmed", "不能确定号票是否打印出来，请看出票口；没有就请补打。"
                ) from None
            if ticket is not None:
                await self._note(hall, ticket, printer, job, "refused")
            raise
        if ticket is not None:
            await self._note(hall, ticket, printer, job, "printed")

    async def _note(
        self, hall: Hall, ticket: Ticket, printer: PrinterView, job: str, outcome: str
    ) -> None:
        at = millis(hall.clock.now())
        ids = (job, hall.info.id, ticket.ticket_id, ticket.number)
        row = (*ids, printer["device_id"], at, outcome)
        await self.kernel.writer.write([(ticket_prints, row)])

    async def expire(self) -> None:
        """Forget what was printed more than a week ago."""
        oldest = millis(self.kernel.clock.now() - KEEP)
        old = delete(ticket_prints).where(ticket_prints.c.at_ms < oldest)
        await self.kernel.writer.write(statements=[(old, {})])
