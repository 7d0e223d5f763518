"""Printing over HTTP: a ticket, the hall's printers, and how a layout looks."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

import msgspec

from hall_core.errors import NotFound, invalid
from hall_core.http import Call, Route, roles
from hall_core.once import once
from hall_core.texts import TICKET_LAYOUT_MAX, layout_fault
from hall_queue.domain.state import QueueState
from hall_queue.printing.layout import COLUMNS, Line, wrapped
from hall_queue.printing.service import PrinterView, Printing


class Print(msgspec.Struct, forbid_unknown_fields=True):
    """`printer` null: the one in the settings of the device that asks. `again`: this is a second
    copy of what a page printed itself."""

    printer: str | None = None
    again: bool = False


class TryPrinter(msgspec.Struct, forbid_unknown_fields=True):
    printer: str


class Preview(msgspec.Struct, forbid_unknown_fields=True):
    """`layout` null: the hall's own; likewise `title` and `foot`."""

    layout: str | None = None
    title: str | None = None
    foot: str | None = None
    paper_mm: Literal[58, 80] = 80


class PrintAnswer(TypedDict):
    printed: bool
    printer: str


class PreviewAnswer(TypedDict):
    """`columns`: half-width characters that the paper is wide."""

    columns: int
    lines: list[Line]


class PrintingRoutes:
    def __init__(self, printing: Printing) -> None:
        self._printing = printing

    async def printers(self, call: Call) -> Any:
        return self._printing.printers(call.hall)

    async def print_ticket(self, call: Call) -> Any:
        body: Print = call.body
        hall = call.hall
        earlier = await call.earlier()
        if earlier is not None:
            return earlier
        state: QueueState = hall.committed["queue"]
        ticket = state.tickets.get(call.path("ticket"))
        if ticket is None:
            raise NotFound("unknown_ticket", "今天没有这张号票。")
        device = call.kernel.access.devices.get(call.principal.id.removeprefix("device:"))
        printer = self._printing.find(hall, device, body.printer)
        assert call.key is not None
        job = call.key.digest.hex()

        async def act() -> Any:
            await self._printing.print(hall, ticket, printer, job, body.again)
            return {"printed": True, "printer": printer["printer"]}

        return await once(call, act)

    async def try_printer(self, call: Call) -> Any:
        body: TryPrinter = call.body
        hall = call.hall
        printer = self._printing.find(hall, None, body.printer)
        assert call.key is not None
        job = call.key.digest.hex()

        async def act() -> Any:
            lines = [Line("打印测试", 2), *self._printing.sample(hall, self._printing.texts(hall))]
            await self._printing.send(printer, job, lines, hall, None)
            return {"printed": True, "printer": printer["printer"]}

        return await once(call, act)

    async def preview(self, call: Call) -> Any:
        body: Preview = call.body
        if body.layout is not None:
            if len(body.layout) > TICKET_LAYOUT_MAX:
                raise invalid(
                    "layout",
                    f"最多 {TICKET_LAYOUT_MAX} 个字。",
                    f"Please use at most {TICKET_LAYOUT_MAX} characters.",
                )
            wrong = layout_fault(body.layout)
            if wrong is not None:
                raise invalid("layout", *wrong)
        given = {
            "ticket.layout": body.layout,
            "ticket.title": body.title,
            "ticket.foot": body.foot,
        }
        own = self._printing.texts(call.hall)
        lines = self._printing.sample(call.hall, {k: given[k] or own[k] for k in given})
        return {"columns": COLUMNS[body.paper_mm], "lines": wrapped(lines, body.paper_mm)}


def routes(printing: Printing) -> list[Route]:
    p = PrintingRoutes(printing)
    r = Route
    return [
        r(
            method="GET", path="/halls/{hall}/printers", handler=p.printers,
            summary="The hall's ticket printers, and what is wrong with them",
            roles=roles("guide", "kiosk"), answer=list[PrinterView],
        ),
        r(
            method="POST", path="/halls/{hall}/tickets/{ticket}/print", handler=p.print_ticket,
            summary="Print a ticket; a second copy is marked", roles=roles("kiosk", "guide"),
            body=Print, answer=PrintAnswer,
        ),
        r(
            method="POST", path="/halls/{hall}/printer-tests", handler=p.try_printer,
            summary="Print a sample on a printer", roles=roles(), body=TryPrinter,
            answer=PrintAnswer,
        ),
        r(
            method="POST", path="/halls/{hall}/ticket-previews", handler=p.preview,
            summary="How a ticket looks with a layout; nothing is stored", roles=roles(),
            body=Preview, answer=PreviewAnswer, keyed=False,
        ),
    ]  # fmt: skip
