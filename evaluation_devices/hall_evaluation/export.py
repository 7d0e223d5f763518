"""The figures as a spreadsheet, made by a process of its own.

The server hands over what is asked as JSON on standard input and reads the file from standard
output: counting a year and writing its cells never takes time from calling tickets. Texts are
written as texts, whatever they begin with, so that nothing a citizen wrote becomes a formula.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import xlsxwriter
from sqlalchemy import Connection

from hall_core.clock import from_millis
from hall_core.store import open_engine
from hall_evaluation import figures
from hall_evaluation.figures import (
    By,
    FigureRow,
    Filter,
    Names,
    Scope,
    list_ratings,
    reasons_in,
    with_rates,
)
from hall_evaluation.masking import mask_text

ROWS_MAX = 100_000  # single ratings in one file; a sheet could hold a million
CELL_MAX = 32_767  # characters, a limit of the format

BY_NAMES: dict[By, str] = {
    "window": "窗口",
    "clerk": "窗口人员",
    "service": "事项",
    "day": "日期",
    "hall": "大厅",
}
LEVEL_NAMES = {
    "very_satisfied": "非常满意",
    "satisfied": "满意",
    "mostly_satisfied": "基本满意",
    "dissatisfied": "不满意",
    "very_dissatisfied": "非常不满意",
}
CHANNEL_NAMES = {"pad": "评价器", "phone": "手机"}
OUTCOME_NAMES = {"upheld": "属实", "mistaken": "误评", "malicious": "恶意评价"}

SUMMARY: tuple[tuple[str, str, str], ...] = (  # heading, field, format
    ("办结服务", "services", "count"),
    ("评价数", "rated", "count"),
    ("评价率", "rating_rate", "rate"),
    *((LEVEL_NAMES[level], level, "count") for level in figures.LEVELS),
    ("差评数", "negative", "count"),
    ("复核剔除", "excluded", "count"),
    ("满意率", "satisfaction", "rate"),
    ("工单数", "cases", "count"),
    ("已回访", "followed_up", "count"),
    ("回访率", "follow_up_rate", "rate"),
    ("按时", "on_time", "count"),
    ("按时率", "on_time_rate", "rate"),
    ("实名差评", "real_name_negative", "count"),
    ("实名差评已回访", "real_name_followed_up", "count"),
)
DETAILS: tuple[tuple[str, int], ...] = (  # heading, width
    ("服务日期", 12),
    ("号码", 9),
    ("窗口", 7),
    ("工号", 9),
    ("窗口人员", 12),
    ("事项", 26),
    ("办件编号", 20),
    ("评价", 11),
    ("原因", 26),
    ("意见", 40),
    ("渠道", 8),
    ("补评", 6),
    ("实名", 6),
    ("评价时间", 20),
    ("复核", 10),
)


class Order(msgspec.Struct):
    """What is asked of the process."""

    database: str  # URL
    scope: Scope
    by: By
    names: Names
    title: str
    timezone: str


def write(connection: Connection, order: Order) -> bytes:
    """The workbook."""
    file = io.BytesIO()
    options = {
        "in_memory": True,
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        sheet = _Sheet(book, "汇总")
        sheet.title(order.title)
        sheet.headings([(BY_NAMES[order.by], 22), *((heading, 11) for heading, _, _ in SUMMARY)])
        for row in summary(connection, order.scope, order.by, order.names):
            values = (_value(row, field, format_) for _, field, format_ in SUMMARY)
            sheet.row([_key(order.by, row), *values])
        sheet = _Sheet(book, "明细")
        sheet.title(order.title)
        sheet.headings(DETAILS)
        for cells in _details(connection, order):
            sheet.row(cells)
    return file.getvalue()


def summary(connection: Connection, scope: Scope, by: By, names: Names) -> list[FigureRow]:
    """One row per window, clerk, item, day or hall, and the total as the last one."""
    counts = figures.count(connection, scope, by)
    rows = figures.in_order(by, counts, names)
    return [*rows, with_rates(None, "合计", figures.total(counts.values()))]


def _key(by: By, row: FigureRow) -> tuple[Any, str]:
    if by == "day" and isinstance(row.key, str):
        return (date.fromisoformat(row.key), "day")
    named = by == "clerk" and row.key is not None
    return (f"{row.name}（{row.key}）" if named else row.name, "text")


def _value(row: FigureRow, field: str, format_: str) -> tuple[Any, str]:
    if field == "satisfaction" and row.satisfaction is None and row.rated:
        return (f"不足{figures.FEW}条", "text")
    return (getattr(row, field), format_)


def _details(connection: Connection, order: Order) -> Iterator[list[tuple[Any, str]]]:
    zone = ZoneInfo(order.timezone)
    query = list_ratings(order.scope, Filter(), limit=ROWS_MAX + 1)
    rows = connection.execute(query, execution_options={"yield_per": 1000})
    for place, row in enumerate(rows):
        if place == ROWS_MAX:
            yield [(f"此处只列出最近的 {ROWS_MAX} 条，更早的请缩短时间段另行导出。", "text")]
            return
        local = from_millis(row.rated_ms).astimezone(zone).replace(tzinfo=None, microsecond=0)
        yield [
            (date.fromisoformat(row.day), "day"),
            (row.number, "text"),
            (row.window, "count"),
            (row.clerk, "text"),
            (order.names.clerks.get(row.clerk, ""), "text"),
            (order.names.services.get(row.service or "", row.service or ""), "text"),
            (row.case_no or "", "text"),
            (LEVEL_NAMES[row.level], "text"),
            ("、".join(r.text for r in reasons_in(order.names, row.reasons)), "text"),
            (mask_text(row.text or ""), "text"),
            (CHANNEL_NAMES[row.channel], "text"),
            ("是" if row.supplementary else "", "text"),
            ("是" if row.real_name else "", "text"),
            (local, "time"),
            (OUTCOME_NAMES.get(row.outcome or "", ""), "text"),
        ]


class _Sheet:
    """A sheet that is filled from the top; its headings stay in sight."""

    def __init__(self, book: Any, name: str) -> None:
        self._sheet = book.add_worksheet(name)
        self._row = 0
        self._formats = {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "heading": book.add_format(
                {"bold": True, "bg_color": "#E8EEF5", "bottom": 1, "text_wrap": True}
            ),
            "text": book.add_format({"num_format": "@"}),
            "count": book.add_format({"num_format": "#,##0"}),
            "rate": book.add_format({"num_format": "0.0%"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
            "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"}),
        }

    def title(self, text: str) -> None:
        self._sheet.write_string(0, 0, text, self._formats["title"])
        self._row = 1

    def headings(self, columns: Iterable[tuple[str, int]]) -> None:
        for place, (heading, width) in enumerate(columns):
            self._sheet.set_column(place, place, width)
            self._sheet.write_string(self._row, place, heading, self._formats["heading"])
        self._row += 1
        self._sheet.freeze_panes(self._row, 1)

    def row(self, cells: Iterable[tuple[Any, str]]) -> None:
        for place, (value, format_) in enumerate(cells):
            self._cell(place, value, self._formats[format_])
        self._row += 1

    def _cell(self, place: int, value: Any, format_: Any) -> None:
        if value is None or value == "":
            return
        if isinstance(value, datetime | date):
            self._sheet.write_datetime(self._row, place, value, format_)
        elif isinstance(value, str):
            self._sheet.write_string(self._row, place, value[:CELL_MAX], format_)
        else:
            self._sheet.write_number(self._row, place, value, format_)


def main() -> None:
    """The process: an `Order` on standard input, the file on standard output."""
    os.nice(10)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    engine = open_engine(order.database)
    with engine.connect() as connection:
        sys.stdout.buffer.write(write(connection, order))
    engine.dispose()


if __name__ == "__main__":
    main()
