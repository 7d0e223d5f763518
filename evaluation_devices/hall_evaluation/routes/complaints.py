"""Complaints as they come in over HTTP: one, a list of the hotline's, a matter of a window."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from hall_core.errors import Conflict, FieldError, invalid
from hall_core.halls import Hall
from hall_core.http import Call, Route, roles
from hall_core.replay import Slices
from hall_core.secret import new_ticket_id
from hall_evaluation.domain import view
from hall_evaluation.domain.cases import imported_before
from hall_evaluation.domain.commands import NewCase, OpenCases
from hall_evaluation.domain.deadlines import local_day
from hall_evaluation.domain.view import CaseView, Contact, masked
from hall_evaluation.masking import mask_text
from hall_evaluation.service import (
    EvaluationService,
    GivenContact,
    orders_imported,
    state_of,
    windows_ever,
)

IMPORT_MAX = 500  # rows at once


class NewComplaint(msgspec.Struct, forbid_unknown_fields=True):
    """A complaint as it comes in, or (source `window`) a matter at the 办不成事 window.

    `happened_at`: a date, or a moment with its zone (ISO 8601). `order_no`: 工单编号, the hotline's
    own number, which comes in once.
    """

    source: Literal["telephone", "opinion_box", "hotline", "window"]
    text: str
    window: int | None = None
    clerk_no: str | None = None
    service: str | None = None
    happened_at: str | None = None
    contact: GivenContact | None = None
    order_no: str | None = None


class Import(msgspec.Struct, forbid_unknown_fields=True):
    """Rows of the hotline's list."""

    rows: tuple[NewComplaint, ...]


class Imported(msgspec.Struct):
    """`skipped`: rows that were left out, because their order was imported before."""

    imported: int
    case_ids: list[str]
    skipped: list[FieldError]


class NewMatter(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody could not get done, as the 办不成事 window writes it down."""

    text: str
    service: str | None = None
    contact: GivenContact | None = None


class Matter(msgspec.Struct):
    """What the window is told of it."""

    case_id: str


class ComplaintRoutes:
    def __init__(self, service: EvaluationService) -> None:
        self.service = service

    async def open(self, call: Call) -> Any:
        hall, body = call.hall, call.body
        earlier = await call.earlier()
        if earlier is not None:
            return 200, earlier
        if order_of(body) in await self._imported(call, (body,)):
            raise imported_before("")
        new, rows = self._new_case(call, hall, body, "")
        given, text = body.contact, mask_text(body.text.strip())
        contact = None if given is None else masked(Contact(given.name, given.phone))

        def answer(live: Slices, _: Any) -> CaseView:
            state, now = live["evaluation"], hall.clock.now()
            return view.case_view(state, state.cases[new.case_id], hall.info.id, now, text, contact)

        former = await self._former_windows(call, (new,))
        opening = OpenCases(cases=(new,), former_windows=former)
        reply = await hall.execute(opening, call.principal.actor(), answer, call.key, rows)
        return (200 if reply.replayed else 201), reply

    async def matter(self, call: Call) -> Any:
        """Raises Conflict at a window that is no 办不成事 window. Counters see no cases: they are
        told the id, to give to the citizen."""
        hall, window, body = call.hall, call.number("window"), call.body
        if state_of(hall).windows.get(window) != "unresolved":
            raise Conflict("wrong_window", "只有“办不成事”反映窗口可以登记。")
        complaint = NewComplaint(
            source="window",
            text=body.text,
            window=window,
            service=body.service,
            contact=body.contact,
        )
        new, rows = self._new_case(call, hall, complaint, "")
        reply = await hall.execute(
            OpenCases(cases=(new,)),
            call.principal.actor(window),
            lambda live, _: Matter(new.case_id),
            call.key,
            rows,
        )
        return (200 if reply.replayed else 201), reply

    def _new_case(
        self, call: Call, hall: Hall, body: NewComplaint, where: str
    ) -> tuple[NewCase, list[Any]]:
        if not body.text.strip():
            raise invalid(
                f"{where}text", "请写明反映的内容。", "Please write what the citizen said."
            )
        actor = call.principal.actor().name
        extras = self.service.extras(hall, body.text, body.contact, actor, where)
        assert extras.note is not None
        now = call.kernel.clock.now()
        happened = body.happened_at and day_of(body.happened_at, hall, where)
        new = NewCase(
            case_id=f"c{new_ticket_id(round(now.timestamp() * 1000))}",
            kind="unresolved" if body.source == "window" else "complaint",
            source=body.source,
            note=extras.note,
            window=body.window,
            clerk=body.clerk_no,
            service=body.service,
            day=happened or None,
            contact=extras.contact,
            order_no=order_of(body),
            where=where,
        )
        return new, list(extras.rows)

    async def _former_windows(self, call: Call, new: Iterable[NewCase]) -> frozenset[int]:
        """Those that were removed; looked up only when one of the cases is about such a one."""
        hall, known = call.hall, state_of(call.hall).windows
        if all(case.window is None or case.window in known for case in new):
            return frozenset()
        return await call.kernel.store.read(lambda c: windows_ever(c, hall.info.id))

    async def _imported(self, call: Call, rows: Iterable[NewComplaint]) -> set[str]:
        """Orders of these rows that the hall has cases of."""
        numbers = {number for row in rows if (number := order_of(row)) is not None}
        if not numbers:
            return set()
        read = call.kernel.store.read
        return set(await read(lambda c: orders_imported(c, call.hall.info.id, numbers)))

    async def import_(self, call: Call) -> Any:
        """All rows or none: what is wrong is named by row. Only a row whose order came in before,
        or stands further up, is left out, and the answer says so."""
        earlier = await call.earlier()
        if earlier is not None:
            return 200, earlier
        hall, body = call.hall, call.body
        if not 1 <= len(body.rows) <= IMPORT_MAX:
            raise invalid(
                "rows",
                f"一次导入 1 到 {IMPORT_MAX} 行。",
                f"Please import 1 to {IMPORT_MAX} rows at a time.",
            )
        new: list[NewCase] = []
        rows: list[Any] = []
        taken = await self._imported(call, body.rows)
        skipped: list[FieldError] = []
        for index, row in enumerate(body.rows):
            where, order_no = f"rows[{index}].", order_of(row)
            if order_no is not None:
                if order_no in taken:
                    skipped += imported_before(where).errors
                    continue
                taken.add(order_no)
            case, more = self._new_case(call, hall, row, where)
            new.append(case)
            rows += more
        former = await self._former_windows(call, new)
        reply = await hall.execute(
            OpenCases(cases=tuple(new), former_windows=former),
            call.principal.actor(),
            lambda live, _: Imported(len(new), [case.case_id for case in new], skipped),
            call.key,
            rows,
        )
        return (200 if reply.replayed else 201), reply


def order_of(row: NewComplaint) -> str | None:
    return (row.order_no or "").strip() or None


def day_of(happened_at: str, hall: Hall, where: str) -> str:
    """The hall's date of something that happened.

    Raises:
        Invalid: it is neither a date nor a moment with its zone.
    """
    try:
        if len(happened_at) <= 10:
            return date.fromisoformat(happened_at).isoformat()
        at = datetime.fromisoformat(happened_at)
        if at.tzinfo is None:
            raise invalid(
                f"{where}happened_at",
                "请写明时区，或只写日期。",
                "Please add the time zone, or write the date only.",
            )
        return local_day(at, hall.info.timezone).isoformat()
    except (ValueError, OverflowError):
        raise invalid(
            f"{where}happened_at",
            "日期应写成 2026-03-02 的样子。",
            "Please write the date like 2026-03-02.",
        ) from None


def routes(service: EvaluationService) -> list[Route]:
    h = ComplaintRoutes(service)
    who = roles("supervisor")
    r = Route
    return [
        r(
            method="POST", path="/halls/{hall}/cases", handler=h.open, status=201,
            summary="A complaint, or a matter that the 办不成事 window heard of",
            roles=who, body=NewComplaint, answer=CaseView,
        ),
        r(
            method="POST", path="/halls/{hall}/windows/{window}/matters", handler=h.matter,
            summary="The 办不成事 window writes a matter down", roles=roles("counter"),
            body=NewMatter, answer=Matter, status=201,
        ),
        r(
            method="POST", path="/halls/{hall}/cases/import", handler=h.import_, status=201,
            summary="Complaints of the hotline, each order once", roles=who, body=Import,
            answer=Imported,
        ),
    ]  # fmt: skip
