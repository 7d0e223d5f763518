"""Keeping the working days: the table, its seed, and the calls that read and import a year."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from chinese_calendar import constants
from sqlalchemy import Connection, delete, insert, select

from hall_core.errors import invalid
from hall_core.once import Change, Write, once
from hall_core.parameters import Parameter, asks
from hall_core.tables import working_days
from hall_core.workdays import SATURDAY, SpecialDay, Workdays

if TYPE_CHECKING:
    from hall_core.http import Call, Route
    from hall_core.kernel import Kernel

YEARS = (2000, 2100)
YEAR = Parameter("year", "the current one unless told", {"type": "integer"})
DAYS_MAX = 120  # announced in one year; about 35 are
NAME_MAX = 40

log = structlog.get_logger()


def published() -> dict[date, SpecialDay]:
    """The days that the installed release of `chinesecalendar` knows."""
    names = {holiday.value: holiday.chinese for holiday in constants.Holiday}
    days: dict[date, SpecialDay] = {}
    for workday, found in ((False, constants.holidays), (True, constants.workdays)):
        for day, name in found.items():
            days[day] = SpecialDay(day=day, workday=workday, name=names[name])
    return days


def _read(connection: Connection) -> dict[date, SpecialDay]:
    days = {}
    for row in connection.execute(select(working_days)):
        day = date.fromisoformat(row.day)
        days[day] = SpecialDay(day=day, workday=bool(row.workday), name=row.name)
    return days


def _row(day: SpecialDay) -> tuple[str, int, str]:
    return (day.day.isoformat(), int(day.workday), day.name)


async def load(kernel: Kernel) -> Workdays:
    """What is stored, after adding the years that only the library knows: an imported year
    stays as it was imported."""
    stored = kernel.store.read_now(_read)
    years = {day.year for day in stored}
    seed = {day: special for day, special in published().items() if day.year not in years}
    if seed:
        await kernel.writer.write([(working_days, _row(special)) for special in seed.values()])
    workdays = Workdays.of(stored | seed)
    missing = workdays.missing(kernel.clock.now().date())
    if missing:
        log.warning("working_days_missing", years=missing)
    return workdays


# --- the calls ---------------------------------------------------------------------------------


class WorkingDays(msgspec.Struct):
    """The announced days of one year. `known` False: plain Monday to Friday for now."""

    year: int
    known: bool
    days: list[SpecialDay]
    missing: list[int]  # years that are needed now and were not imported
    warning: str | None


class ImportDays(msgspec.Struct, forbid_unknown_fields=True):
    """All announced days of a year, as 国务院办公厅 lists them."""

    days: tuple[SpecialDay, ...]


def view(kernel: Kernel, workdays: Workdays, year: int) -> WorkingDays:
    missing = workdays.missing(kernel.clock.now().date())
    unknown = sorted({*missing, *([] if workdays.known(year) else [year])})
    warning = None
    if unknown:
        years = "、".join(str(each) for each in unknown)
        warning = f"{years}年的节假日安排尚未导入，暂按周一至周五计算工作日，请在公布后导入。"
    days = sorted((d for d in workdays.special.values() if d.day.year == year), key=lambda d: d.day)
    return WorkingDays(year, workdays.known(year), days, missing, warning)


def _year(call: Call) -> int:
    return call.query_int("year", call.kernel.clock.now().year, *YEARS)


@asks(YEAR)
async def read_working_days(call: Call) -> WorkingDays:
    return view(call.kernel, call.kernel.workdays, _year(call))


@asks(YEAR)
async def import_working_days(call: Call) -> Any:
    """Replace one year. Deadlines that were already given stay as they were given."""
    year, days = _year(call), call.body.days
    check(year, days)
    kernel = call.kernel

    async def act() -> Write:
        old = delete(working_days).where(working_days.c.day.startswith(f"{year}-"))
        rows = [dict(zip(working_days.columns.keys(), _row(day), strict=True)) for day in days]
        kept = {day: d for day, d in kernel.workdays.special.items() if day.year != year}
        workdays = Workdays.of(kept | {day.day: day for day in days})

        def then() -> None:
            kernel.workdays = workdays
            kernel.tell_calendar()

        imported = Change(
            statements=((old, {}), *((insert(working_days), row) for row in rows)), then=then
        )
        actor = call.principal.actor().name
        audit = kernel.audit_entry(actor, "working_days", str(year), call.address, None)
        return Write(view(kernel, workdays, year), (imported, audit))

    return await once(call, act)


def check(year: int, days: tuple[SpecialDay, ...]) -> None:
    """Raises Invalid for a list that can't be that year's announcement."""
    if not any(not day.workday for day in days):
        raise invalid(
            "days",
            "请列出这一年的全部放假日期和调休上班日期。",
            "Please list all days off and worked weekend days of this year.",
        )
    if len(days) > DAYS_MAX:
        raise invalid(
            "days", f"一年最多 {DAYS_MAX} 天。", f"A year can have at most {DAYS_MAX} days here."
        )
    seen: set[date] = set()
    for index, day in enumerate(days):
        where = f"days[{index}]"
        if day.day.year != year:
            raise invalid(
                f"{where}.day", f"应为 {year} 年的日期。", f"Please give a date in {year}."
            )
        if day.day in seen:
            raise invalid(
                f"{where}.day",
                f"{day.day} 出现了两次。",
                f"{day.day} is there twice. Please keep only one.",
            )
        seen.add(day.day)
        if day.workday and day.day.isoweekday() < SATURDAY:
            raise invalid(
                f"{where}.workday",
                f"{day.day} 本来就是工作日，调休上班应为周末。",
                f"{day.day} is a working day anyway. Only weekend days can be worked days.",
            )
        if len(day.name) > NAME_MAX:
            raise invalid(
                f"{where}.name",
                f"名称最多 {NAME_MAX} 个字。",
                f"The name can have at most {NAME_MAX} characters.",
            )


def routes() -> list[Route]:
    from hall_core.http import Route, roles

    return [
        Route(
            method="GET", path="/working-days", handler=read_working_days,
            summary="Holidays and worked weekends of a year (?year=), with what is missing",
            roles=roles("supervisor"), answer=WorkingDays,
        ),
        Route(
            method="PUT", path="/working-days", handler=import_working_days,
            summary="Import a year's announcement, whole (?year=)",
            roles=frozenset({"admin"}), body=ImportDays, answer=WorkingDays,
            all_halls=True,  # they count in each
        ),
    ]  # fmt: skip
