"""Figures by SQL on both databases, the list behind them, and the spreadsheet."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterator
from datetime import date
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Connection, Engine, insert

from hall_app import schema
from hall_core import tables as core
from hall_core.setup import RatingReason
from hall_core.store import open_engine
from hall_evaluation import export, figures, tables
from hall_evaluation.figures import Cursor, Filter, Names, Scope
from tests.integration.conftest import NewDatabase

NAMES = Names(
    halls={"hall": "大厅", "other": "另一个"},
    clerks={"001": "张三"},
    services={"s1": "社保卡"},
    reasons={"waiting": RatingReason(id="waiting", text="等候时间过长")},
)
MARCH = Scope(("hall",), "2026-03-01", "2026-03-31")
ZONE = "Asia/Shanghai"
_versions = itertools.count(1)


class Book:
    """Services, their ratings and the cases of the bad ones, straight into the tables."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def service(
        self,
        level: str | None = None,
        day: str = "2026-03-02",
        window: int = 1,
        clerk: str = "001",
        service: str | None = "s1",
        hall: str = "hall",
        withdrawn: int = 0,
        outcome: str | None = None,
        reached: bool = False,
        late: int = 0,
        real_name: int = 0,
        text: str | None = None,
    ) -> str:
        version = next(_versions)
        ticket_id = f"t{version:06d}"
        what: dict[str, Any] = {
            "ticket_id": ticket_id, "hall_id": hall, "day": day, "number": f"H{version:03d}",
            "window": window, "clerk": clerk, "service": service, "case_no": None,
            "real_name": real_name, "asked_ms": version, "version": version,
        }  # fmt: skip
        asked = {**what, "until_ms": version, "withdrawn": withdrawn}
        self._add(tables.evaluation_requests, asked)
        if level is None:
            return ticket_id
        note = case_id = None
        if text is not None:
            note = f"n{version}"
            self._add(
                core.notes,
                {"note_id": note, "hall_id": hall, "text": text, "actor": "citizen", "at_ms": 0,
                 "expires_ms": 1},
            )  # fmt: skip
        if level in figures.NEGATIVE:
            case_id = self.case(
                "negative_evaluation", outcome, reached, late, **{**what, "level": level}
            )
        rating = {
            **what, "level": level, "reasons": '["waiting"]', "channel": "pad",
            "supplementary": 0, "rated_ms": version, "note": note, "contact": None,
            "case_id": case_id,
        }  # fmt: skip
        self._add(tables.ratings, rating)
        return ticket_id

    def case(self, kind: str, outcome: str | None, reached: bool, late: int, **what: Any) -> str:
        version = next(_versions)
        values = {
            "case_id": f"c{version}", "hall_id": "hall", "day": "2026-03-02", "kind": kind,
            "source": "pad", "state": "open", "opened_ms": version, "reasons": "[]",
            "real_name": 0, "last_ms": version, "attempts": 0, "late": late, "version": version,
            "contacted_ms": version if reached else None, "outcome": outcome, **what,
        }  # fmt: skip
        columns = tables.cases.columns.keys()
        self._add(tables.cases, {key: values[key] for key in values if key in columns})
        return str(values["case_id"])

    def _add(self, table: Any, values: dict[str, Any]) -> None:
        self.connection.execute(insert(table).values(**values))


@contextlib.contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    schema.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with opened(f"sqlite:///{tmp_path_factory.mktemp('figures') / 'hall.sqlite'}") as engine:
        yield engine


@pytest.fixture(scope="module")
def either(new_database: NewDatabase, sqlite_file: Engine) -> Iterator[Engine]:
    url = new_database()
    if url is None:
        yield sqlite_file
        return
    with opened(url) as engine:
        yield engine


@pytest.fixture
def book(either: Engine) -> Iterator[Book]:
    """Nothing of it is committed: each test begins with empty tables."""
    with either.connect() as connection:
        yield Book(connection)


@pytest.fixture
def sqlite_book(sqlite_file: Engine) -> Iterator[Book]:
    """For what does not depend on the database."""
    with sqlite_file.connect() as connection:
        yield Book(connection)


def total(book: Book, scope: Scope = MARCH) -> figures.FigureRow:
    return export.summary(book.connection, scope, "hall", NAMES)[-1]


def test_rates_are_what_the_field_defines(book: Book) -> None:
    for level in ("very_satisfied", "very_satisfied", "satisfied", "mostly_satisfied"):
        book.service(level)
    book.service("dissatisfied", reached=True, real_name=1)
    book.service("very_dissatisfied", late=1, real_name=1)
    for _ in range(4):
        book.service()  # nobody pressed: no part of satisfaction
    book.service(withdrawn=1)
    book.case("complaint", None, reached=True, late=0)
    row = total(book)
    assert (row.services, row.asked, row.rated, row.negative) == (10, 10, 6, 2)
    assert row.satisfaction == pytest.approx(4 / 6, abs=1e-4)
    assert row.rating_rate == 0.6
    assert (row.cases, row.followed_up, row.on_time) == (3, 2, 2)
    assert row.follow_up_rate == row.on_time_rate == pytest.approx(2 / 3, abs=1e-4)
    assert (row.real_name_negative, row.real_name_followed_up) == (2, 1)


def test_what_a_review_found_mistaken_or_malicious_does_not_count(book: Book) -> None:
    for _ in range(4):
        book.service("satisfied")
    book.service("dissatisfied", outcome="mistaken")
    book.service("very_dissatisfied", outcome="malicious")
    book.service("very_dissatisfied", outcome="upheld")
    row = total(book)
    assert (row.rated, row.excluded, row.negative) == (7, 2, 1)
    assert (row.dissatisfied, row.very_dissatisfied) == (0, 1)
    assert row.satisfaction == 0.8
    assert row.rating_rate == 1.0  # they did rate
    assert row.cases == 3


def test_few_ratings_are_no_satisfaction(book: Book) -> None:
    for _ in range(4):
        book.service("satisfied")
    assert total(book).satisfaction is None
    book.service("satisfied")
    assert total(book).satisfaction == 1.0


def test_nothing_is_no_rate(book: Book) -> None:
    row = total(book)
    assert (row.services, row.satisfaction, row.rating_rate, row.on_time_rate) == (
        0, None, None, None,
    )  # fmt: skip
    book.service()
    assert total(book).satisfaction is None
    assert total(book).rating_rate == 0.0


def test_days_are_the_services_and_both_ends_count(book: Book) -> None:
    for day in ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"):
        book.service("satisfied", day=day)
    book.service("satisfied", hall="other")
    assert total(book).rated == 2
    rows = figures.in_order("day", figures.count(book.connection, MARCH, "day"), NAMES)
    assert [row.key for row in rows] == ["2026-03-01", "2026-03-31"]


def test_by_window_clerk_service_and_hall(book: Book) -> None:
    book.service("satisfied", window=10)
    book.service("satisfied", window=9, clerk="002", service=None)
    book.service("satisfied", hall="other")
    both = Scope(("hall", "other"), "2026-03-01", "2026-03-31")

    def rows(by: figures.By) -> list[tuple[Any, str]]:
        found = export.summary(book.connection, both, by, NAMES)
        assert found[-1].rated == 3
        return [(row.key, row.name) for row in found[:-1]]

    assert rows("window") == [(1, "1号窗口"), (9, "9号窗口"), (10, "10号窗口")]
    assert rows("clerk") == [("001", "张三"), ("002", "002")]
    assert rows("service") == [("s1", "社保卡"), (None, "未记录")]
    assert rows("hall") == [("hall", "大厅"), ("other", "另一个")]


def test_the_list_goes_back_page_by_page(book: Book) -> None:
    for day in ("2026-03-03", "2026-03-02", "2026-03-03"):
        book.service("satisfied", day=day)
    late = book.service("dissatisfied", day="2026-03-02", window=2, outcome="mistaken", text="慢")
    query = figures.list_ratings(MARCH, Filter())
    everything = book.connection.execute(query).all()
    assert [row.day for row in everything] == ["2026-03-03"] * 2 + ["2026-03-02"] * 2
    pages: list[Any] = []
    after = None
    while page := book.connection.execute(figures.list_ratings(MARCH, Filter(), after, 1)).all():
        pages += page
        after = Cursor(page[-1].day, page[-1].version)
    assert pages == everything
    for wanted in (
        Filter(window=2),
        Filter(levels=figures.NEGATIVE),
        Filter(clerk="001", window=2),
    ):
        (row,) = book.connection.execute(figures.list_ratings(MARCH, wanted)).all()
        assert (row.ticket_id, row.outcome, row.text) == (late, "mistaken", "慢")
    assert book.connection.execute(figures.list_ratings(MARCH, Filter(service="s2"))).all() == []


def test_a_year_is_counted_from_the_indexes_alone(sqlite_book: Book) -> None:
    connection = sqlite_book.connection
    for query in (figures._requests(MARCH, "window"), figures._levels(MARCH, "service")):
        sql = query.compile(connection, compile_kwargs={"literal_binds": True})
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()
        assert "COVERING INDEX" in plan[0][3], plan


# --- the spreadsheet ---------------------------------------------------------------------------


def workbook(book: Book, names: Names = NAMES, by: figures.By = "clerk") -> Any:
    order = export.Order(
        database="", scope=MARCH, by=by, names=names, title="好差评统计", timezone=ZONE
    )
    return openpyxl.load_workbook(io.BytesIO(export.write(book.connection, order)))


def test_the_spreadsheet_holds_the_figures_and_the_ratings(book: Book) -> None:
    book.service("satisfied")
    book.service("dissatisfied", text="请打13812345678")
    made = workbook(book)
    assert made.sheetnames == ["汇总", "明细"]
    summary, details = made["汇总"], made["明细"]
    assert summary["A1"].value == "好差评统计"
    headings = [cell.value for cell in summary[2]]
    row = dict(zip(headings, summary[3], strict=True))
    assert row["窗口人员"].value == "张三（001）"
    assert (row["评价率"].value, row["评价率"].number_format) == (1.0, "0.0%")
    assert row["满意率"].value == "不足5条"
    assert (row["差评数"].value, row["差评数"].number_format) == (1, "#,##0")
    assert summary["A4"].value == "合计"
    assert summary.freeze_panes == details.freeze_panes == "B3"
    found = dict(zip([cell.value for cell in details[2]], details[3], strict=True))
    assert found["服务日期"].value.date() == date(2026, 3, 2)
    assert found["评价"].value == "不满意"
    assert found["原因"].value == "等候时间过长"
    assert found["意见"].value == "请打138****5678"
    assert found["事项"].value == "社保卡"
    assert details.max_row == 4


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "{=", "http://", "\t="])
def test_what_a_citizen_wrote_never_becomes_a_formula(sqlite_book: Book, start: str) -> None:
    book = sqlite_book
    evil = f"{start}HYPERLINK(A1)"
    book.service("dissatisfied", text=evil)
    reasons = {"waiting": RatingReason(id="waiting", text=evil)}
    names = Names(halls={}, clerks={"001": evil}, services={"s1": evil}, reasons=reasons)
    made = workbook(book, names, "service")
    for sheet in made:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
    assert evil.strip() in [str(cell.value).strip() for cell in made["明细"][3]]


def test_a_list_that_is_cut_off_says_so(sqlite_book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        sqlite_book.service("satisfied")
    monkeypatch.setattr(export, "ROWS_MAX", 3)
    assert workbook(sqlite_book)["明细"].max_row == 5
    sqlite_book.service("satisfied")
    details = workbook(sqlite_book)["明细"]
    assert details.max_row == 6
    assert "只列出" in details["A6"].value


def test_days_are_dates_in_the_spreadsheet(sqlite_book: Book) -> None:
    book = sqlite_book
    book.service("satisfied", day="2026-03-09")
    cell = workbook(book, by="day")["汇总"]["A3"]
    assert (cell.value.date(), cell.number_format) == (date(2026, 3, 9), "yyyy-mm-dd")
