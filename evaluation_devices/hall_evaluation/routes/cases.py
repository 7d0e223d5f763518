"""Cases over HTTP: the list, one case, and what is done about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select
from sqlalchemy import Row as TableRow

from hall_core import tables as core_tables
from hall_core.clock import from_millis
from hall_core.errors import Forbidden, invalid
from hall_core.events import CaseKind, CaseOutcome, CaseOverdue, CaseState, CaseVerb
from hall_core.halls import Hall
from hall_core.http import Call, Route, check_scope, roles
from hall_core.parameters import asks, choice, integer, word
from hall_core.replay import Slices
from hall_evaluation import tables
from hall_evaluation.domain import view
from hall_evaluation.domain.case_steps import possible
from hall_evaluation.domain.commands import HandleCase
from hall_evaluation.domain.state import Case
from hall_evaluation.domain.view import CaseDetail, CaseView, Contact, StepView, masked
from hall_evaluation.masking import mask_text
from hall_evaluation.rows import case_of
from hall_evaluation.service import (
    EvaluationService,
    state_of,
    texts_of,
    with_texts,
)

KINDS: tuple[CaseKind, ...] = get_args(CaseKind)


class CaseCommand(msgspec.Struct, forbid_unknown_fields=True):
    """`outcome`: "settled" of a contact that settled it; what an appeal claims, a review finds."""

    command: CaseVerb
    text: str = ""
    to: str | None = None
    reached: bool | None = None
    due: date | None = None
    outcome: Literal["settled", "upheld", "mistaken", "malicious"] | None = None


class CasesPage(msgspec.Struct):
    """`total`: how many there are in all; go on after the last one's id. `people`: who handles
    cases of the hall, to assign others to; without accounts that were disabled."""

    cases: list[CaseView]
    total: int
    counts: dict[str, int]  # by state, whatever state was asked for
    people: list[str]


class CaseRoutes:
    def __init__(self, service: EvaluationService) -> None:
        self.service = service

    # --- reading -------------------------------------------------------------------------------

    @asks(
        choice("state", "`open` is everything that is not closed", "open", "all",
               *get_args(CaseState)),
        choice("kind", "what opened it", "", *KINDS),
        word("clerk", "clerk_no of whom it is about"),
        word("assignee", "who handles it"),
        word("after", "case_id of the last one that was shown"),
        integer("limit", "at most so many", 50, 1, 200),
    )  # fmt: skip
    async def cases(self, call: Call) -> CasesPage:
        """Open ones by their next deadline; closed ones and all of them from the newest back."""
        hall, query = call.hall, call.request.query
        limit = call.query_int("limit", 50, 1, 200)
        where = [tables.cases.c.hall_id == hall.info.id]
        kind = query.get("kind", "")
        if kind:
            if kind not in KINDS:
                raise invalid("kind", f"应为 {'、'.join(KINDS)} 之一。")
            where.append(tables.cases.c.kind == kind)
        for name in ("clerk", "assignee"):
            if query.get(name):
                where.append(tables.cases.c[name] == query[name])
        state = query.get("state", "open")
        in_state = state_is(state)
        after = query.get("after", "")

        def read(connection: Connection) -> Any:
            column = tables.cases.c.state
            counted = select(column, func.count().label("cases")).where(*where).group_by(column)
            counts = {row.state: row.cases for row in connection.execute(counted)}
            page = with_texts(select(tables.cases)).where(*where, *in_state)
            page = in_order(page, state in ("open", *WORKING), after)
            return counts, connection.execute(page.limit(limit)).all()

        counts, rows = await call.kernel.store.read(read)
        slice_, now = state_of(hall), hall.clock.now()
        shown = []
        for row in rows:
            text, contact = mask_text(row.text or ""), self._masked(row.sealed)
            shown.append(view.case_view(slice_, case_of(row), hall.info.id, now, text, contact))
        total = sum(n for s, n in counts.items() if counts_as(state, s))
        handling = {case.assignee for case in slice_.cases.values() if case.assignee is not None}
        people = sorted(name for name in handling if not is_disabled(call, name))
        return CasesPage(shown, total, counts, people)

    def _masked(self, sealed: str | None) -> Contact | None:
        contact = self.service.opened(sealed)
        return None if contact is None else masked(contact)

    @asks(choice("contact", "`true`: all in full; that is audited", "false", "true"))
    async def case(self, call: Call) -> CaseDetail:
        """One case with its history. Whom to call back is masked, and so are numbers in what was
        written, unless who handles it or a manager asks for them: then all is shown in full, and
        that look is in the audit log."""
        in_full = call.request.query.get("contact", "false")
        if in_full not in ("false", "true"):
            raise invalid("contact", "应为 true 或 false。")
        hall, case, text, contact = await self._find(call)
        me = name_of(call)
        open_ = in_full == "true" and (case.assignee == me or may_manage(call))
        if open_:
            await call.kernel.audit(
                call.principal.actor().name, "case_contact", case.case_id, call.address,
                hall.info.id,
            )  # fmt: skip
        else:
            contact = None if contact is None else masked(contact)
            text = mask_text(text)
        shown = view.case_view(state_of(hall), case, hall.info.id, hall.clock.now(), text, contact)
        steps = await call.kernel.store.read(lambda c: steps_of(c, case.case_id))
        if not open_:
            for step in steps:
                step.text = mask_text(step.text)
        known = state_of(hall).cases.get(case.case_id)  # None: closed too long ago to be reopened
        commands = [] if known is None or own(call, hall, case) else list(possible(known, me))
        return CaseDetail(**as_fields(shown), steps=steps, commands=commands)

    async def _find(self, call: Call) -> tuple[Hall, Case, str, Contact | None]:
        """Raises NotFound, or Forbidden for another hall's."""
        found = await self.service.case(call.path("case"))
        check_scope(call.principal, found[0].info.id)
        return found

    # --- handling ------------------------------------------------------------------------------

    async def command(self, call: Call) -> Any:
        earlier = await call.earlier()
        if earlier is not None:
            return earlier
        body: CaseCommand = call.body
        hall, case, text, contact = await self._find(call)
        if own(call, hall, case):
            raise own_case()
        to = body.to and body.to.strip()
        if body.command == "assign" and to:
            if self._is_about(call, hall, case, to):
                raise own_case()
            if is_disabled(call, to):
                raise invalid(
                    "to",
                    "这个账号已停用，请交给其他人。",
                    "This account is disabled. Please choose somebody else.",
                )
        me = name_of(call)
        actor = call.principal.actor()
        extras = self.service.extras(hall, body.text, None, actor.name)
        outcome: CaseOutcome | None = None if body.outcome == "settled" else body.outcome
        shown = None if contact is None else masked(contact)
        text = mask_text(text)

        def answer(live: Slices, _: Any) -> CaseView:
            state = live["evaluation"]
            after = state.cases[case.case_id]
            return view.case_view(state, after, hall.info.id, hall.clock.now(), text, shown)

        return await hall.execute(
            HandleCase(
                case_id=case.case_id,
                verb=body.command,
                me=me,
                to=to,
                reached=body.reached,
                due=body.due,
                outcome=outcome,
                settled=body.outcome == "settled",
                note=extras.note,
            ),
            actor,
            answer,
            call.key,
            extras.rows,
        )

    def _is_about(self, call: Call, hall: Hall, case: Case, to: str) -> bool:
        """Whether who would handle a case is whom it is about: by account, number or name."""
        if case.clerk is None:
            return False
        user = call.kernel.access.users.get(to)
        if user is not None and user.clerk_no is not None:
            return (user.clerk_no, user.clerk_hall) == (case.clerk, hall.info.id)
        clerk = state_of(hall).clerks.get(case.clerk)
        return to == case.clerk or (clerk is not None and to == clerk.name)


# --- who asks ----------------------------------------------------------------------------------


def name_of(call: Call) -> str:
    """Who asks, as assignees are named."""
    return call.principal.name


def may_manage(call: Call) -> bool:
    return bool(call.principal.roles & {"manager", "admin"})


def is_disabled(call: Call, name: str) -> bool:
    """Of an account; who has none is known by name only."""
    user = call.kernel.access.users.get(name)
    return user is not None and user.disabled


def own(call: Call, hall: Hall, case: Case) -> bool:
    """Whether a case is about who asks: nobody handles a case about themselves."""
    user = call.kernel.access.users.get(call.principal.id.removeprefix("user:"))
    if user is None or user.clerk_no is None or not call.principal.id.startswith("user:"):
        return False
    return (user.clerk_no, user.clerk_hall) == (case.clerk, hall.info.id)


def own_case() -> Forbidden:
    return Forbidden("own_case", "不能办理关于本人的案件，请交由他人处理。")


# --- queries -----------------------------------------------------------------------------------

WORKING: tuple[CaseState, ...] = (
    "open", "assigned", "contacted", "rectifying", "appealed", "settled",
)  # fmt: skip


def counts_as(asked: str, state: str) -> bool:
    """Whether a case in `state` is among those that `asked` names."""
    return asked == "all" or state == asked or (asked == "open" and state != "closed")


def state_is(asked: str) -> list[ColumnElement[bool]]:
    column = tables.cases.c.state
    if asked == "all":
        return []
    if asked == "open":
        return [column != "closed"]
    if asked not in get_args(CaseState):
        raise invalid("state", "应为 open、closed、all 或一种案件状态。")
    return [column == asked]


def in_order(query: Any, by_deadline: bool, after: str) -> Any:
    """Sorted, behind the case `after`; ids make the order total."""
    c = tables.cases.c
    key = func.coalesce(c.due_ms, c.last_ms) if by_deadline else c.opened_ms
    if after:
        there = select(key).where(c.case_id == after).scalar_subquery()
        beyond = key > there if by_deadline else key < there
        query = query.where(or_(beyond, and_(key == there, c.case_id > after)))
    return query.order_by(key if by_deadline else key.desc(), c.case_id)


def steps_of(connection: Connection, case_id: str) -> list[StepView]:
    """A case's history, oldest first."""
    table = tables.case_steps
    query = select(table).where(table.c.case_id == case_id).order_by(table.c.version)
    rows = connection.execute(query).all()
    texts = texts_of(connection, [row.note for row in rows if row.note is not None])
    reminders = reminders_of(connection, [row for row in rows if row.command == "overdue"])
    steps = []
    for row in rows:
        reminder = reminders.get(row.version)
        step = StepView(
            at=from_millis(row.at_ms),
            actor=row.actor,
            command=row.command,
            text=texts.get(row.note, ""),
            assignee=row.assignee,
            reached=None if row.reached is None else bool(row.reached),
            outcome=row.outcome,
            due=None if row.due_ms is None else from_millis(row.due_ms),
            late=None if reminder is None else reminder.step or "last",
            told=None if reminder is None else reminder.level,
        )
        steps.append(step)
    return steps


def reminders_of(connection: Connection, rows: Sequence[TableRow[Any]]) -> dict[int, CaseOverdue]:
    """By version, what the journal says of steps that were late; `rows` are of one case."""
    if not rows:
        return {}
    journal = core_tables.journal.c
    query = select(journal.version, journal.data).where(
        journal.hall_id == rows[0].hall_id, journal.version.in_([row.version for row in rows])
    )
    found = connection.execute(query).all()
    return {row.version: msgspec.json.decode(row.data, type=CaseOverdue) for row in found}


def as_fields(shown: CaseView) -> dict[str, Any]:
    return {name: getattr(shown, name) for name in shown.__struct_fields__}


def routes(service: EvaluationService) -> list[Route]:
    h = CaseRoutes(service)
    who = roles("supervisor")
    r = Route
    return [
        r(
            method="GET", path="/halls/{hall}/cases", handler=h.cases, roles=who,
            summary="Cases, those first that wait longest for a person", answer=CasesPage,
        ),
        r(
            method="GET", path="/cases/{case}", handler=h.case, roles=who, answer=CaseDetail,
            summary="A case with its history and what may be done about it",
        ),
        r(
            method="POST", path="/cases/{case}/commands", handler=h.command, roles=who,
            summary="A step of a case", body=CaseCommand, answer=CaseView,
        ),
    ]  # fmt: skip
