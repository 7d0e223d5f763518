"""Ratings over HTTP: the press on a pad or a phone, what may be rated, and the manager's rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, select

from hall_core.clock import millis
from hall_core.credentials import Principal
from hall_core.errors import Forbidden, NotFound, Unauthorized
from hall_core.events import RatingLevel
from hall_core.halls import Hall
from hall_core.http import ANONYMOUS, DEVICE_COOKIE, Call, Route, check_scope, identify, roles
from hall_core.setup import EvaluationSettings, RatingReason
from hall_evaluation import tables
from hall_evaluation.domain import view
from hall_evaluation.domain.commands import ChangeEvaluationSettings, Rate
from hall_evaluation.domain.deadlines import end_of_day, local_day
from hall_evaluation.domain.ratings import NEGATIVE, not_yet, rating_ends
from hall_evaluation.domain.settings import version_of
from hall_evaluation.domain.state import Request
from hall_evaluation.domain.view import ClerkCard
from hall_evaluation.figures import FEW
from hall_evaluation.service import EvaluationService, GivenContact, state_of

PADS = frozenset({"pad", "agent"})
SUMMARY_DAYS = 30


class NewRating(msgspec.Struct, forbid_unknown_fields=True):
    """`kept`: it was pressed before it could be sent; the pad may have moved to another window
    since. Who asks decides about the channel."""

    token: str
    level: RatingLevel
    reasons: tuple[str, ...] = ()
    text: str = ""
    contact: GivenContact | None = None
    channel: Literal["pad", "phone"] | None = None
    kept: bool = False


class Rated(msgspec.Struct):
    number: str
    level: RatingLevel
    window: int


class Rateable(msgspec.Struct, kw_only=True):
    """What a citizen's page shows of the rating. `until`: the rating ends, supplementary or not."""

    number: str | None
    window: int | None
    clerk: ClerkCard | None
    service: str | None
    state: Literal["open", "rated", "closed", "not_yet"]
    until: datetime | None
    supplementary: bool
    reasons: tuple[RatingReason, ...]
    free_text: bool


class Summary(msgspec.Struct, kw_only=True):
    """A clerk's own ratings of the last days up to yesterday: totals, or nothing while they are
    few."""

    clerk_no: str
    from_day: date = msgspec.field(name="from")
    to_day: date = msgspec.field(name="to")
    enough: bool
    rated: int | None = None
    very_satisfied: int | None = None
    satisfied: int | None = None
    mostly_satisfied: int | None = None
    dissatisfied: int | None = None
    very_dissatisfied: int | None = None
    satisfaction: float | None = None


class PublicRate(msgspec.Struct, kw_only=True):
    """The hall's satisfaction, 0 to 1; null while there are few ratings."""

    from_day: date = msgspec.field(name="from")
    to_day: date = msgspec.field(name="to")
    satisfaction: float | None


class RulesView(EvaluationSettings, frozen=True, kw_only=True):
    """`version`: give it back with what is changed, so that nobody undoes what another manager
    changed meanwhile."""

    version: str


class NewRules(EvaluationSettings, frozen=True, kw_only=True):
    """`version`: of what was seen; stale: 409 `setup_changed`. None: whatever stands there now."""

    version: str | None = None


class RatingRoutes:
    def __init__(self, service: EvaluationService) -> None:
        self.service = service
        self._public: dict[str, PublicRate] = {}  # hall -> its satisfaction up to yesterday

    # --- the press -----------------------------------------------------------------------------

    async def rate(self, call: Call) -> Any:
        earlier = await call.earlier()
        if earlier is not None:
            return 200, earlier
        body: NewRating = call.body
        ticket_id = self.service.ticket_of(body.token, call.address)
        found = await self.service.request(ticket_id)
        if found is None:
            raise not_yet()
        hall, request = found
        principal = await who(call)
        pad = pad_of(principal, hall, request.window if body.kept else None)
        text = body.text if state_of(hall).settings.free_text else ""
        extras = self.service.extras(hall, text, body.contact, "citizen")
        reply = await hall.execute(
            Rate(
                ticket_id=ticket_id,
                level=body.level,
                reasons=body.reasons,
                pad=pad,
                kept=body.kept,
                past=request,
                note=extras.note,
                contact=extras.contact,
            ),
            principal.actor(),
            lambda live, _: Rated(request.number, body.level, request.window),
            call.key,
            extras.rows,
        )
        return (200 if reply.replayed else 201), reply

    async def rateable(self, call: Call) -> Rateable:
        ticket_id = self.service.ticket_of(call.path("token"), call.address)
        found = await self.service.request(ticket_id)
        if found is None or found[1].withdrawn:
            return Rateable(
                number=None, window=None, clerk=None, service=None, state="not_yet",
                until=None, supplementary=False, reasons=(), free_text=False,
            )  # fmt: skip
        hall, request = found
        state, now = state_of(hall), hall.clock.now()
        ends = rating_ends(state.settings, request, hall.info.timezone, self.service.workdays)
        late = now >= request.rate_until and not state.clock_doubted
        return Rateable(
            number=request.number,
            window=request.window,
            clerk=view.clerk_card(state, request.clerk),
            service=view.service_name(state, request.service),
            state=rating_state(request, late and now >= ends),
            until=ends if late else request.rate_until,
            supplementary=late,
            reasons=state.settings.reasons,
            free_text=state.settings.free_text,
        )

    # --- the manager's rules -------------------------------------------------------------------

    async def settings(self, call: Call) -> RulesView:
        return rules_view(state_of(call.hall).settings)

    async def change_settings(self, call: Call) -> Any:
        body: NewRules = call.body
        settings = EvaluationSettings(**fields_of(body))
        return await call.hall.execute(
            ChangeEvaluationSettings(settings=settings, version=body.version),
            call.principal.actor(),
            lambda live, _: rules_view(live["evaluation"].settings),
            call.key,
        )

    # --- totals --------------------------------------------------------------------------------

    async def summary(self, call: Call) -> Summary:
        """Raises Forbidden at a counter where another clerk sits."""
        hall, clerk_no = call.hall, call.path("clerk")
        state = state_of(hall)
        if clerk_no not in state.clerks:
            raise NotFound("unknown_clerk", "没有这位窗口人员。")
        window = call.principal.window
        if call.principal.kind == "counter" and (
            window is None or state.at.get(window) != clerk_no
        ):
            raise Forbidden("not_own", "只能查看在本窗口值班人员自己的评价。")
        first, last = period(hall)
        by_clerk = tables.ratings.c.clerk == clerk_no
        counts = await call.kernel.store.read(lambda c: levels(c, hall, first, last, by_clerk))
        rated = sum(counts.values())
        if rated < FEW:
            return Summary(clerk_no=clerk_no, from_day=first, to_day=last, enough=False)
        return Summary(
            clerk_no=clerk_no,
            from_day=first,
            to_day=last,
            enough=True,
            rated=rated,
            satisfaction=satisfaction(counts),
            **{level: counts.get(level, 0) for level in LEVELS},
        )

    async def public_rate(self, call: Call) -> PublicRate:
        hall = call.hall
        first, last = period(hall)
        known = self._public.get(hall.info.id)
        if known is None or known.to_day != last:  # anybody may ask, and it changes once a day
            counts = await call.kernel.store.read(lambda c: levels(c, hall, first, last))
            known = PublicRate(from_day=first, to_day=last, satisfaction=satisfaction(counts))
            self._public[hall.info.id] = known
        return known


async def who(call: Call) -> Principal:
    """A pad says who it is; a citizen's phone says nothing, whatever else its browser is.

    Raises:
        Unauthorized: a token or device that was revoked.
    """
    request = call.request
    told = "Authorization" in request.headers or "X-Hall-Device" in request.headers
    if told or "device" in request.query:
        return await identify(call.kernel, request)
    if any(name.startswith(DEVICE_COOKIE) for name in request.cookies):
        try:
            found = await identify(call.kernel, request)
        except Unauthorized:
            return ANONYMOUS
        return found if found.kind in PADS else ANONYMOUS
    return ANONYMOUS


def pad_of(principal: Principal, hall: Hall, pressed_at: int | None) -> int | None:
    """The window of the pad that asks; None: a phone.

    Args:
        pressed_at: of a press that the pad kept, the window whose token it holds, wherever the
            pad stands now.

    Raises:
        Forbidden: a pad of nowhere, or a device that clerks press.
    """
    if principal.kind == "counter" or principal.kind == "guide":
        raise Forbidden("staff_may_not_rate", "评价由群众自愿作出，工作人员不能代为评价。")
    if principal.kind not in PADS:
        return None
    if pressed_at is not None:
        return pressed_at
    check_scope(principal, hall.info.id)
    if principal.window is None:
        raise Forbidden("wrong_window", "本设备没有绑定窗口，不能评价。")
    return principal.window


def fields_of(settings: EvaluationSettings) -> dict[str, Any]:
    """Of what was sent or is shown, only what is stored."""
    return {name: getattr(settings, name) for name in EvaluationSettings.__struct_fields__}


def rules_view(settings: EvaluationSettings) -> RulesView:
    return RulesView(**fields_of(settings), version=version_of(settings))


def rating_state(request: Request, ended: bool) -> Literal["open", "rated", "closed"]:
    if request.rated_at is not None:
        return "rated"
    return "closed" if ended else "open"


# --- counting what was said --------------------------------------------------------------------

LEVELS: tuple[RatingLevel, ...] = (
    "very_satisfied", "satisfied", "mostly_satisfied", "dissatisfied", "very_dissatisfied",
)  # fmt: skip


def period(hall: Hall) -> tuple[date, date]:
    """The last days up to yesterday, in the hall's zone."""
    yesterday = local_day(hall.clock.now(), hall.info.timezone) - timedelta(days=1)
    return yesterday - timedelta(days=SUMMARY_DAYS - 1), yesterday


def levels(
    connection: Connection, hall: Hall, first: date, last: date, *more: ColumnElement[bool]
) -> dict[RatingLevel, int]:
    """How often each level was given by the end of `last` to services from `first` on, without
    those that a review found mistaken or malicious."""
    table, case = tables.ratings.c, tables.cases.c
    rated = and_(
        table.day.between(first.isoformat(), last.isoformat()),
        table.rated_ms < millis(end_of_day(last, hall.info.timezone)),
    )
    query = (
        select(table.level, func.count().label("times"))
        .select_from(tables.ratings.outerjoin(tables.cases, case.case_id == table.case_id))
        .where(table.hall_id == hall.info.id, rated, *more)
        .where(func.coalesce(case.outcome, "").not_in(("mistaken", "malicious")))
        .group_by(table.level)
    )
    return {row.level: row.times for row in connection.execute(query)}


def satisfaction(counts: dict[RatingLevel, int]) -> float | None:
    """(ratings - negative) / ratings (domain.md section 3); None where they are few."""
    rated = sum(counts.values())
    negative = sum(counts.get(level, 0) for level in NEGATIVE)
    return round((rated - negative) / rated, 4) if rated >= FEW else None


def routes(service: EvaluationService) -> list[Route]:
    h = RatingRoutes(service)
    r = Route
    return [
        r(
            method="POST", path="/evaluations", handler=h.rate, status=201, roles=None,
            summary="Rate a service once, with its ticket's token", body=NewRating, answer=Rated,
        ),
        r(
            method="GET", path="/public/evaluations/{token}", handler=h.rateable, roles=None,
            summary="Whether and until when a ticket's service may be rated", answer=Rateable,
        ),
        r(
            method="GET", path="/public/halls/{hall}/evaluation", handler=h.public_rate,
            summary="The hall's satisfaction, and nothing else", roles=None, answer=PublicRate,
        ),
        r(
            method="GET", path="/halls/{hall}/evaluation-settings", handler=h.settings,
            summary="Rules for ratings and cases", roles=roles("supervisor"),
            answer=RulesView,
        ),
        r(
            method="PUT", path="/halls/{hall}/evaluation-settings", handler=h.change_settings,
            summary="Change the rules for ratings and cases, whole", roles=roles(),
            body=NewRules, answer=RulesView,
        ),
        r(
            method="GET", path="/halls/{hall}/clerks/{clerk}/evaluation-summary",
            handler=h.summary, roles=roles("counter", "supervisor"), answer=Summary,
            summary="A clerk's own totals, from five ratings up and up to yesterday",
        ),
    ]  # fmt: skip
