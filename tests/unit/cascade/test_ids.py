"""Ids that are allotted once, and which alerts are alarms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_cameras.cascade import alarms
from hall_cameras.cascade.book import Allotment, Book
from hall_cameras.cascade.tree import civil_code
from hall_core.alerts import Alert
from hall_core.errors import Conflict, Invalid

DEVICE = "34020000002006000199"


def test_an_id_looks_like_the_platforms_own() -> None:
    book = Book()
    made = book.allot(DEVICE, [("group", "group"), ("hall", "h"), ("camera", "a")], 1)
    assert [entry.gb_id for entry in made] == [
        "34020000002156000001", "34020000002166000001", "34020000001316000001",
    ]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=30))
def test_no_id_is_ever_given_twice(steps: list[tuple[str, bool]]) -> None:
    book = Book()
    ever: list[str] = []
    for now, (subject, goes) in enumerate(steps):
        for entry in book.allot(DEVICE, [("camera", subject)], now):
            assert entry.gb_id not in ever
            ever.append(entry.gb_id)
            book.put(entry)
        alive = {("camera", other) for other in "abcdef" if not (goes and other == subject)}
        for entry in book.gone(alive, now):
            book.put(entry)


def test_an_id_may_be_changed_until_it_was_seen() -> None:
    book = Book()
    (entry,) = book.allot(DEVICE, [("camera", "a")], 1)
    book.put(entry)
    book.put(Allotment(gb_id="34020000001316000009", kind="camera", subject="b", made_ms=1))
    for bad in ("1", "34020000002156000002", "34020000001316000009"):
        with pytest.raises(Invalid):
            book.changing(entry.gb_id, bad)
    book.changing(entry.gb_id, "34020000001326000077").then()
    assert book.id_of("camera", "a") == "34020000001326000077"
    (seen,) = book.shown(["34020000001326000077"], 5)
    book.put(seen)
    with pytest.raises(Conflict):
        book.changing("34020000001326000077", "34020000001326000078")


@pytest.mark.parametrize(
    ("region", "code"),
    [("340203101202", "340203"), ("340200000000", "3402"), ("340000000000", "34"), ("x", "")],
)
def test_the_region_of_a_hall(region: str, code: str) -> None:
    assert civil_code(region) == code
    assert civil_code("000000000000") == ""


def alert(kind: str, **more: Any) -> Alert:
    since = datetime(2026, 11, 22, tzinfo=UTC)
    return Alert(alert_id=kind, kind=kind, level="hall", since=since, **more)


def test_faults_are_told_at_once_and_absences_when_confirmed() -> None:
    fault = alert("camera_covered", camera_id="a", detail="镜头被遮挡")
    absence = alert("suspected_absent", window=3)

    def told() -> list[tuple[str, str | None, int, int]]:
        found = alarms.notices([fault, absence]).items()
        return [(key, n.camera_id, n.method, n.kind) for key, n in found]

    assert told() == [("camera_covered", "a", 5, 13)]
    absence.state = "confirmed"
    assert told()[1:] == [("suspected_absent", None, 7, 0)]
    fault.state = "closed"
    assert told() == [("suspected_absent", None, 7, 0)]
