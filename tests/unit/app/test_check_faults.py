"""How `hall check` names what differs."""

from __future__ import annotations

from typing import Any

import pytest

from hall_app.check_replay import key_of
from hall_app.faults import ALIKE, ANY, Faults, differences, row_differences, row_name, shown
from hall_core.tables import alerts, journal
from hall_queue.tables import absences, tickets, windows


@pytest.mark.parametrize(
    ("expected", "found", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a is 2, not 1"]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ["a.b[1] is 3, not 2"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a is [1, 2], not [1]"]),
        ({"a": 1}, {}, ["a is missing, not 1"]),
        ({}, {"a": 1}, ["a is 1, where nothing is expected"]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, [" is in another order"]),
        ({"a": None}, {"a": {}}, ["a is {}, not None"]),
        ({"a": 1}, {"a": True}, ["a is True, not 1"]),
        ([{"a": 1}], [{"a": "1"}], ["[0].a is '1', not 1"]),
    ],
)
def test_differences_are_named_leaf_by_leaf(expected: Any, found: Any, lines: list[str]) -> None:
    assert list(differences(expected, found)) == lines


def test_a_row_is_compared_column_by_column_but_for_what_is_unknown() -> None:
    row = ("hall", 3, "open", None)
    assert list(row_differences(windows, row, row)) == []
    assert list(row_differences(windows, (*row[:3], ANY), row)) == []
    assert list(row_differences(windows, row, ("hall", 3, "away", "001"))) == [
        "windows.state is 'away', not 'open'",
        "windows.clerk is '001', not None",
    ]


def test_rows_are_named_for_people() -> None:
    ticket = ["id", "hall", "2026-03-02", "H", "H001", *[None] * 15]
    assert row_name(tickets, ticket) == "ticket H001 of 2026-03-02 (id)"
    assert row_name(windows, ("hall", 3, "open", None)) == "window 3"
    absence = ["hall", 3, 1_772_413_200_000, *[None] * 8]
    assert row_name(absences, absence) == "window 3, absence since 2026-03-02T01:00:00+00:00"
    assert row_name(alerts, ["hall", "a1", *[None] * (len(alerts.columns) - 2)]) == "alert a1"
    assert row_name(journal, ["hall", 3, 0, "", "", ""]) == "journal hall 3"


def test_the_key_of_a_row() -> None:
    assert key_of(windows, ("hall", 3, "open", None)) == ("hall", 3)


def test_many_alike_are_counted_not_listed() -> None:
    faults = Faults()
    for n in range(ALIKE + 5):
        faults.add("rows", f"window {n}", "is\nwrong", "hall")
    faults.add("rows", "window 1", "is wrong", "other")
    lines = faults.lines()
    assert len(lines) == ALIKE + 2
    assert lines[0] == "hall hall, window 0: is wrong"
    assert lines[-1] == "hall hall: 5 more of this kind: rows"
    assert "hall other, window 1: is wrong" in lines


def test_long_values_are_cut() -> None:
    assert shown("x") == "'x'"
    assert len(shown("x" * 1000)) == 78
