"""Figures of the 好差评: counts by SQL over the read models, and the rates made of them.

Rates (domain.md section 3):

- satisfaction 满意率 = (ratings - negative ratings) / ratings. Only what a citizen pressed counts:
  who did not rate is no part of it, and neither is a rating that a review found mistaken or
  malicious (`excluded`).
  From `FEW` ratings up: below, it would say more about chance, and who pressed what.
- rating rate = ratings / services asked about; 未评价率 is the rest.
- follow-up rate 回访率 = cases whose citizen was reached / cases; the same for negative ratings
  under a real name, which must come to 100 %.
- on-time rate = cases that let no deadline pass / cases; one that is still open and in time is.

Everything is counted to the day of the service, so that a rating that comes days later changes the
day it is about and a rate never divides what belongs to different days.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from hall_core.events import RatingLevel
from hall_core.setup import RatingReason
from hall_core.tables import notes
from hall_evaluation.domain.state import EvaluationState
from hall_evaluation.domain.view import ever_reasons
from hall_evaluation.tables import cases, evaluation_requests, ratings

By: TypeAlias = Literal["window", "clerk", "service", "day", "hall"]
Key: TypeAlias = int | str | None

LEVELS: tuple[RatingLevel, ...] = (
    "very_satisfied",
    "satisfied",
    "mostly_satisfied",
    "dissatisfied",
    "very_dissatisfied",
)
FEW = 5  # ratings below which no satisfaction is told (daily-work.md)
NEGATIVE: tuple[RatingLevel, ...] = ("dissatisfied", "very_dissatisfied")
EXCLUDING = ("mistaken", "malicious")  # outcomes of a review


class Scope(msgspec.Struct, frozen=True):
    """Which services are looked at: those of `halls` on the days from `first` to `last`."""

    halls: tuple[str, ...]
    first: str  # YYYY-MM-DD
    last: str


class Counts(msgspec.Struct, kw_only=True):
    """What is counted for one window, clerk, item, day or hall."""

    services: int = 0  # ended for good
    asked: int = 0  # all of them
    rated: int = 0
    excluded: int = 0  # rated, and found mistaken or malicious; not among the levels
    very_satisfied: int = 0
    satisfied: int = 0
    mostly_satisfied: int = 0
    dissatisfied: int = 0
    very_dissatisfied: int = 0
    cases: int = 0
    followed_up: int = 0
    on_time: int = 0
    real_name_negative: int = 0
    real_name_followed_up: int = 0

    def add(self, other: Counts) -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class FigureRow(Counts, kw_only=True):
    """Counts with their rates, 0 to 1; None where nothing can be divided by, and of few
    ratings."""

    key: Key
    name: str
    negative: int
    satisfaction: float | None
    rating_rate: float | None
    follow_up_rate: float | None
    on_time_rate: float | None


def with_rates(key: Key, name: str, counts: Counts) -> FigureRow:
    """The rates as the module's docstring defines them."""
    negative = counts.dissatisfied + counts.very_dissatisfied
    valid = counts.rated - counts.excluded
    return FigureRow(
        key=key,
        name=name,
        negative=negative,
        satisfaction=_rate(valid - negative, valid) if valid >= FEW else None,
        rating_rate=_rate(counts.rated, counts.asked),
        follow_up_rate=_rate(counts.followed_up, counts.cases),
        on_time_rate=_rate(counts.on_time, counts.cases),
        **{field: getattr(counts, field) for field in Counts.__struct_fields__},
    )


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


# --- counting ----------------------------------------------------------------------------------


def count(connection: Connection, scope: Scope, by: By) -> dict[Key, Counts]:
    """Counts by window, clerk, service item, day or hall."""
    found: dict[Key, Counts] = {}
    column = "hall_id" if by == "hall" else by
    for key, number in connection.execute(_requests(scope, column)):
        counts = found.setdefault(key, Counts())
        counts.services = counts.asked = number
    for key, level, number in connection.execute(_levels(scope, column)):
        counts = found.setdefault(key, Counts())
        counts.rated += number
        setattr(counts, level, getattr(counts, level) + number)
    for row in connection.execute(_cases(scope, column)):
        counts = found.setdefault(row.key, Counts())
        counts.cases += row.cases
        counts.followed_up += row.followed_up
        counts.on_time += row.on_time
        if row.kind != "negative_evaluation":
            continue
        counts.real_name_negative += row.real_name
        counts.real_name_followed_up += row.real_name_followed_up
        if row.outcome in EXCLUDING and row.level is not None:
            counts.excluded += row.cases
            setattr(counts, row.level, getattr(counts, row.level) - row.cases)
    return found


def total(found: Iterable[Counts]) -> Counts:
    """All together."""
    sum_ = Counts()
    for counts in found:
        sum_.add(counts)
    return sum_


def _within(table: Any, scope: Scope) -> ColumnElement[bool]:
    days = table.c.day.between(scope.first, scope.last)
    return and_(table.c.hall_id.in_(scope.halls), days)


def _requests(scope: Scope, column: str) -> Select[Any]:
    table = evaluation_requests
    key = table.c[column]
    asked = and_(_within(table, scope), table.c.withdrawn == 0)
    return select(key, func.count()).where(asked).group_by(key)


def _levels(scope: Scope, column: str) -> Select[Any]:
    key, level = ratings.c[column], ratings.c.level
    return select(key, level, func.count()).where(_within(ratings, scope)).group_by(key, level)


def _cases(scope: Scope, column: str) -> Select[Any]:
    c = cases.c
    groups = (c[column], c.kind, c.outcome, c.level)
    return (
        select(
            c[column].label("key"),
            c.kind,
            c.outcome,
            c.level,
            func.count().label("cases"),
            func.count(c.contacted_ms).label("followed_up"),
            func.count().filter(c.late == 0).label("on_time"),
            func.sum(c.real_name).label("real_name"),
            func.count(c.contacted_ms).filter(c.real_name == 1).label("real_name_followed_up"),
        )
        .where(_within(cases, scope))
        .group_by(*groups)
    )


# --- single ratings ----------------------------------------------------------------------------


class Cursor(msgspec.Struct, frozen=True):
    """Where a page ended: the list goes from the newest day back."""

    day: str
    version: int


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which ratings; None or empty: any."""

    window: int | None = None
    clerk: str | None = None
    service: str | None = None
    levels: tuple[RatingLevel, ...] = ()


def list_ratings(
    scope: Scope, wanted: Filter, after: Cursor | None = None, limit: int | None = None
) -> Select[Any]:
    """Ratings, the newest day's last one first, with the outcome of their case and their text."""
    c = ratings.c
    query = (
        select(ratings, cases.c.outcome, cases.c.state.label("case_state"), notes.c.text)
        .outerjoin(cases, cases.c.case_id == c.case_id)
        .outerjoin(notes, notes.c.note_id == c.note)
        .where(_within(ratings, scope))
    )
    for column in ("window", "clerk", "service"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(c[column] == value)
    if wanted.levels:
        query = query.where(c.level.in_(wanted.levels))
    if after is not None:
        query = query.where(
            (c.day < after.day) | ((c.day == after.day) & (c.version < after.version))
        )
    query = query.order_by(c.day.desc(), c.version.desc())
    return query if limit is None else query.limit(limit)


# --- words -------------------------------------------------------------------------------------


class Names(msgspec.Struct, frozen=True):
    """What things of a hall are called, for rows and spreadsheets."""

    halls: dict[str, str]
    clerks: dict[str, str] = {}
    services: dict[str, str] = {}
    reasons: dict[str, RatingReason] = {}

    def of(self, by: By, key: Key) -> str:
        """The name of a row; its key again where the hall does not know it any more."""
        if key is None:
            return "未记录"
        if by == "window":
            return f"{key}号窗口"
        known = {"clerk": self.clerks, "service": self.services, "hall": self.halls}.get(by, {})
        return known.get(str(key), str(key))


def names_of(halls: dict[str, str], state: EvaluationState | None = None) -> Names:
    """The names that a hall's state knows."""
    if state is None:
        return Names(halls)
    clerks = {clerk_no: clerk.name for clerk_no, clerk in state.clerks.items()}
    return Names(halls, clerks, state.services, ever_reasons(state))


def reasons_in(names: Names, stored: str) -> list[RatingReason]:
    """Reasons as they are stored (a JSON list of ids)."""
    ids: Sequence[str] = msgspec.json.decode(stored)
    return [names.reasons.get(each) or RatingReason(id=each, text=each) for each in ids]


def in_order(by: By, found: dict[Key, Counts], names: Names) -> list[FigureRow]:
    """Rows by key (windows and days by their order), what has no key last."""
    rows = [with_rates(key, names.of(by, key), counts) for key, counts in found.items()]
    return sorted(
        rows,
        key=lambda row: (
            row.key is None,
            row.key if isinstance(row.key, int) else 0,
            str(row.key),
        ),
    )
