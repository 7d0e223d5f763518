"""The figures over HTTP: of a hall, of a region, the ratings behind them, the spreadsheet."""

from __future__ import annotations

import asyncio
import re
import sys
from datetime import date, datetime, timedelta
from typing import Any, TypeVar, get_args
from urllib.parse import quote

import msgspec
import structlog
from aiohttp import web

from hall_core.answers import Media
from hall_core.clock import from_millis
from hall_core.day import service_day
from hall_core.errors import HallError, NotFound, Unavailable, invalid
from hall_core.halls import Hall
from hall_core.http import Call, Route, roles
from hall_core.parameters import asks, choice, integer, word
from hall_evaluation import figures
from hall_evaluation.export import Order
from hall_evaluation.figures import (
    EXCLUDING,
    LEVELS,
    NEGATIVE,
    By,
    Cursor,
    FigureRow,
    Filter,
    Key,
    Names,
    Scope,
    names_of,
)
from hall_evaluation.masking import mask_text

T = TypeVar("T")
log = structlog.get_logger()

PERIOD_MAX = timedelta(days=3 * 366)
SHEET = Media("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
FROM = word("from", "first day, 2026-10-01; the first of the month unless told")
TO = word("to", "last day, counted in; today unless told")
BY = choice("by", "what a row is", *get_args(By))
EXPORT_S = 300  # the process lets everything else go first
_exporting = asyncio.Semaphore(1)  # one spreadsheet at a time: halls have two cores


class Figures(msgspec.Struct):
    """Counts and rates of a period; `rows` by the key that was asked for."""

    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    by: By = "hall"
    rows: list[FigureRow] = []
    total: FigureRow | None = None


class ClerkName(msgspec.Struct):
    clerk_no: str
    name: str


class ServiceName(msgspec.Struct):
    id: str
    name: str


class RatingView(msgspec.Struct, kw_only=True):
    """One rating, with what a citizen wrote masked. `excluded`: found mistaken or malicious."""

    day: str
    number: str
    window: int
    clerk: ClerkName
    service: ServiceName | None
    case_no: str | None
    level: str
    reasons: tuple[str, ...]
    reasons_en: tuple[str, ...]  # in Chinese where there is no English
    text: str
    channel: str
    supplementary: bool
    real_name: bool
    rated_at: datetime
    case_id: str | None
    case_state: str | None
    excluded: bool


class RatingList(msgspec.Struct):
    """The newest first. `next` is the `after` of the next page; null: this was the last."""

    ratings: list[RatingView]
    next: str | None


# --- what is asked -----------------------------------------------------------------------------


def _day(call: Call, name: str, default: date) -> date:
    text = call.request.query.get(name)
    if text is None:
        return default
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise invalid(
            name, "日期应为 2026-10-01 的形式。", "Please write the date like 2026-10-01."
        ) from None


def _period(call: Call, today: date) -> tuple[str, str]:
    """From and to, both counted in; the month so far unless told."""
    last = _day(call, "to", today)
    first = _day(call, "from", last.replace(day=1))
    if first > last:
        raise invalid(
            "from", "开始日期不能晚于结束日期。", "The first day cannot be after the last day."
        )
    if last - first > PERIOD_MAX:
        raise invalid("from", "一次最多查询三年。", "Please choose at most three years at a time.")
    return first.isoformat(), last.isoformat()


def _today(call: Call, hall: Hall) -> date:
    return date.fromisoformat(service_day(hall.info.timezone, call.kernel.clock.now()))


def _scope(call: Call) -> Scope:
    return Scope((call.hall.info.id,), *_period(call, _today(call, call.hall)))


def _by(call: Call) -> By:
    text = call.request.query.get("by", "window")
    for by in get_args(By):
        if text == by:
            found: By = by
            return found
    raise invalid("by", "应为 window、clerk、service、day 或 hall。")


def _names(hall: Hall) -> Names:
    return names_of({hall.info.id: hall.info.name}, hall.committed["evaluation"])


def _figures(scope: Scope, by: By, counts: dict[Key, figures.Counts], names: Names) -> Figures:
    total = figures.with_rates(None, "合计", figures.total(counts.values()))
    return Figures(scope.first, scope.last, by, figures.in_order(by, counts, names), total)


# --- figures -----------------------------------------------------------------------------------


@asks(FROM, TO, BY)
async def hall_figures(call: Call) -> Figures:
    scope, by = _scope(call), _by(call)
    counts = await call.kernel.store.read(lambda c: figures.count(c, scope, by))
    return _figures(scope, by, counts, _names(call.hall))


@asks(word("region", "this one with all below it; all unless told"), FROM, TO)
async def region_figures(call: Call) -> Figures:
    """By hall, over a region with all below it (?region=), as far as the caller may look."""
    kernel, region = call.kernel, call.request.query.get("region", "")
    if region and region not in kernel.regions:
        raise NotFound("unknown_region", "没有这个行政区划。")
    halls = [
        hall
        for hall in kernel.halls.values()
        if call.principal.may_enter(hall.info.id)
        and (not region or region in _regions_above(call, hall.info.region))
    ]
    today = max((_today(call, hall) for hall in halls), default=call.kernel.clock.now().date())
    scope = Scope(tuple(hall.info.id for hall in halls), *_period(call, today))
    counts = await kernel.store.read(lambda c: figures.count(c, scope, "hall"))
    for hall in halls:  # one without ratings is worth a line, too
        counts.setdefault(hall.info.id, figures.Counts())
    names = names_of({hall.info.id: hall.info.name for hall in halls})
    return _figures(scope, "hall", counts, names)


def _regions_above(call: Call, code: str) -> list[str]:
    """A region and those it lies in."""
    found: list[str] = []
    regions = call.kernel.regions
    while code in regions and code not in found:
        found.append(code)
        code = regions[code].parent or ""
    return found


# --- single ratings ----------------------------------------------------------------------------


@asks(
    FROM,
    TO,
    word("window", "of one window"),
    word("clerk", "of one clerk, by number"),
    word("service", "of one item"),
    word("level", "of these levels, by comma; negative: the two that are"),
    word("after", "`next` of the page before"),
    integer("limit", "ratings of a page", 50, 1, 500),
)
async def list_ratings(call: Call) -> RatingList:
    query, limit = call.request.query, call.query_int("limit", 50, 1, 500)
    names = _names(call.hall)
    wanted = Filter(
        window=call.query_int("window", 0, 1, 999) if "window" in query else None,
        clerk=query.get("clerk"),
        service=query.get("service"),
        levels=_levels(query.get("level", "")),
    )
    statement = figures.list_ratings(_scope(call), wanted, _after(call), limit + 1)
    rows = await call.kernel.store.read(lambda c: c.execute(statement).all())
    more = len(rows) > limit
    shown = [_rating(names, row) for row in rows[:limit]]
    last = rows[limit - 1] if more else None
    return RatingList(shown, None if last is None else f"{last.day}.{last.version}")


def _levels(text: str) -> tuple[Any, ...]:
    """Names of levels, by comma; `negative` stands for the two that are 差评."""
    wanted: list[str] = []
    for name in filter(None, text.split(",")):
        if name == "negative":
            wanted += NEGATIVE
        elif name in LEVELS:
            wanted.append(name)
        else:
            raise invalid("level", "没有这个评价等级。")
    return tuple(wanted)


def _after(call: Call) -> Cursor | None:
    text = call.request.query.get("after")
    if text is None:
        return None
    found = re.fullmatch(r"(\d{4}-\d{2}-\d{2})\.(\d{1,15})", text)
    if found is None:
        raise invalid("after", "应为上一页给出的 next。")
    return Cursor(found[1], int(found[2]))


def _rating(names: Names, row: Any) -> RatingView:
    service = row.service
    said = figures.reasons_in(names, row.reasons)
    return RatingView(
        day=row.day,
        number=row.number,
        window=row.window,
        clerk=ClerkName(row.clerk, names.clerks.get(row.clerk, row.clerk)),
        service=ServiceName(service, names.services.get(service, service)) if service else None,
        case_no=row.case_no,
        level=row.level,
        reasons=tuple(reason.text for reason in said),
        reasons_en=tuple(reason.text_en or reason.text for reason in said),
        text=mask_text(row.text or ""),
        channel=row.channel,
        supplementary=bool(row.supplementary),
        real_name=bool(row.real_name),
        rated_at=from_millis(row.rated_ms),
        case_id=row.case_id,
        case_state=row.case_state,
        excluded=row.outcome in EXCLUDING,
    )


# --- the spreadsheet ---------------------------------------------------------------------------


@asks(FROM, TO, BY)
async def export(call: Call) -> web.Response:
    """The figures and the single ratings behind them as a spreadsheet; audited."""
    hall, scope, by = call.hall, _scope(call), _by(call)
    order = Order(
        database=call.kernel.store.engine.url.render_as_string(hide_password=False),
        scope=scope,
        by=by,
        names=_names(hall),
        title=f"{hall.info.name} 好差评统计 {scope.first} 至 {scope.last}",
        timezone=hall.info.timezone,
    )
    await call.kernel.audit(
        call.principal.actor().name, "export_ratings", f"{scope.first}..{scope.last}",
        call.address, hall.info.id,
    )  # fmt: skip
    async with _exporting:
        content = await _spreadsheet(order)
    name = f"{hall.info.name}好差评{scope.first}至{scope.last}.xlsx"
    return web.Response(
        body=content,
        content_type=SHEET.type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
            "Cache-Control": "no-store",
        },
    )


async def _spreadsheet(order: Order) -> bytes:
    """Raises Unavailable when the process fails or takes too long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hall_evaluation.export",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(EXPORT_S):
            content, said = await process.communicate(msgspec.json.encode(order))
    except TimeoutError:
        raise _no_file() from None
    finally:
        if process.returncode is None:  # it took too long, or nobody waits any more
            process.kill()
            await process.wait()
    if process.returncode != 0:
        log.error("export_failed", said=said.decode(errors="replace")[-2000:])
        raise _no_file()
    return content


def _no_file() -> HallError:
    return Unavailable("export_failed", "导出失败，请缩短时间段后重试。")


def routes() -> list[Route]:
    watching = roles("supervisor")
    r = Route
    return [
        r(
            method="GET", path="/halls/{hall}/evaluation-figures", handler=hall_figures,
            summary="Counts and rates of ratings and cases",
            roles=watching, answer=Figures,
        ),
        r(
            method="GET", path="/evaluation-figures", handler=region_figures,
            summary="The same by hall, of a region", roles=watching, answer=Figures,
        ),
        r(
            method="GET", path="/halls/{hall}/evaluation-figures.xlsx", handler=export,
            summary="The same as a spreadsheet", roles=watching, answer=SHEET,
        ),
        r(
            method="GET", path="/halls/{hall}/evaluations", handler=list_ratings,
            summary="The single ratings behind the figures",
            roles=watching, answer=RatingList,
        ),
    ]  # fmt: skip
