"""What screens show: last calls, texts, notices."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_core.errors import Conflict, Invalid
from hall_core.events import (
    DayOpened,
    Event,
    Notice,
    Recorded,
    SetupChanged,
    TextsChanged,
    TicketCalled,
    TicketRecalled,
)
from hall_core.features import Actor, Audience, Context
from hall_core.setup import HallInfo, Window
from hall_displays import domain
from hall_displays.domain import (
    DEFAULT_TEXTS,
    RECENT_CALLS,
    ChangeNotices,
    ChangeTexts,
    DisplaysState,
    apply,
    decide_notices,
    decide_texts,
)
from hall_displays.feature import DisplaysFeature

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HALL = HallInfo(id="h", name="大厅", region="1", level="county")
CONTEXT = Context(hall=HALL, now=NOW, actor=Actor("admin", "admin"), version=10)
PUBLIC, PAD = Audience("public"), Audience("pad", 3)


def happen(state: DisplaysState, *happened: Event, first: int = 1) -> None:
    for version, event in enumerate(happened, first):
        apply(state, Recorded(version, NOW, "test", event))


def call(number: str, window: int) -> TicketCalled:
    return TicketCalled(ticket_id=number, number=number, queue="A", window=window, call_count=1)


def recall(number: str, window: int) -> TicketRecalled:
    return TicketRecalled(ticket_id=number, number=number, queue="A", window=window, call_count=2)


# --- calls -------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 5)), max_size=60))
def test_the_last_calls_are_newest_first_and_each_number_once(calls: list[tuple[int, int]]) -> None:
    state = DisplaysState()
    happen(state, *(call(f"A{number:03d}", window) for number, window in calls))
    shown = [(entry.number, entry.window) for entry in state.recent_calls]
    expected: list[tuple[str, int]] = []
    for number, window in reversed(calls):
        name = f"A{number:03d}"
        if name not in [known for known, _ in expected]:
            expected.append((name, window))
    assert shown == expected[:RECENT_CALLS]


def test_a_recalled_number_moves_to_the_top() -> None:
    state = DisplaysState()
    happen(state, call("A001", 1), call("A002", 2), recall("A001", 1))
    assert [entry.number for entry in state.recent_calls] == ["A001", "A002"]


def test_a_new_day_has_no_calls() -> None:
    state = DisplaysState()
    happen(state, call("A001", 1), DayOpened(day="2026-11-24"))
    assert state.recent_calls == []


# --- announcements -----------------------------------------------------------------------------


def announced(event: Event, audience: Audience, **texts: str) -> Any:
    feature = DisplaysFeature(Path("no-such-folder"))
    state = feature.new_state()
    window = Window(number=12, name="综合", zone="东区")
    happen(state, SetupChanged(windows=(window,)), TextsChanged(texts=texts))
    record = Recorded(41, NOW, "test", event)
    feature.apply(state, record)
    parts = [part for part in feature.touched(state, record) if part[0] == "announcements"]
    assert len(parts) <= 1
    return feature.render(state, parts[0], audience) if parts else None


@pytest.mark.parametrize("event", [call("A012", 12), recall("A012", 12)])
def test_a_call_is_announced_in_the_halls_words(event: Event) -> None:
    said = announced(event, PUBLIC, **{"voice.call": "{number_read}号请到{window_read}号台"})
    assert said.spoken == "A零一二号请到十二号台"
    assert said.id == "41"
    assert said.zone == "东区"


def test_pads_and_other_events_announce_nothing() -> None:
    assert announced(call("A012", 12), PAD) is None
    assert announced(DayOpened(day="2026-11-24"), PUBLIC) is None


def test_a_snapshot_says_nothing() -> None:
    assert "announcements" not in DisplaysFeature(Path("no-such-folder")).parts()


def test_zones_follow_the_setup() -> None:
    state = DisplaysState()
    windows = tuple(Window(number=n, name="综合", zone="东区") for n in (1, 2))
    happen(state, SetupChanged(windows=windows), SetupChanged(removed_windows=(2,)))
    assert state.zones == {1: "东区"}


# --- texts and notices -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("voice.call", "请{name}到{window}"),
        ("voice.call", "{number:>999999999}"),
        ("voice.call", "字" * 201),
        ("voice.call", "请到{window_read}号窗口办理"),
        ("voice.call", "请{number_read}号办理"),
        ("voice.call_en", "Next, please."),
        ("screen.call", "请{number}到窗口"),
        ("voice.one", "壹"),
        ("voice.times", "9"),
        ("voice.language", "fr"),
        ("no.such", "text"),
    ],
)
def test_texts_that_do_not_fit_are_refused_by_name(key: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        decide_texts(DisplaysState(), ChangeTexts(texts={key: text}), CONTEXT)
    assert refused.value.errors[0].field == f"texts.{key}"


@pytest.mark.parametrize("key", domain.CALLS)
def test_a_call_with_number_and_window_is_taken(key: str) -> None:
    for text in (DEFAULT_TEXTS[key], "{number}→{window}"):
        decide_texts(DisplaysState(), ChangeTexts(texts={key: text}), CONTEXT)


def test_an_empty_text_is_the_default_again() -> None:
    state = DisplaysState()
    for text in ("幺", ""):
        change = ChangeTexts(texts={"voice.one": text})
        happen(state, *decide_texts(state, change, CONTEXT))
    assert domain.texts_of(state) == DEFAULT_TEXTS


def test_every_default_text_may_be_set() -> None:
    assert decide_texts(DisplaysState(), ChangeTexts(texts=DEFAULT_TEXTS), CONTEXT)


@pytest.mark.parametrize(
    "wrong",
    [{"id": ""}, {"title": ""}, {"body": "字" * 4001}, {"seconds": 3}, {"seconds": 121}],
)
def test_notices_that_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    good = Notice(id="a", title="服务承诺", body="首问负责", seconds=12)
    with pytest.raises(Invalid):
        decide_notices(
            DisplaysState(),
            ChangeNotices(notices=(good, msgspec.structs.replace(good, **{"id": "b", **wrong}))),
            CONTEXT,
        )


def test_two_notices_with_one_id_are_refused() -> None:
    notice = Notice(id="a", title="服务承诺", body="首问负责")
    with pytest.raises(Invalid):
        decide_notices(DisplaysState(), ChangeNotices(notices=(notice, notice)), CONTEXT)


def test_of_two_who_edit_the_notices_the_second_is_told() -> None:
    state = DisplaysState()
    first, second = ((Notice(id="a", title=title, body=""),) for title in ("服务承诺", "监督电话"))
    happen(state, *decide_notices(state, ChangeNotices(notices=first, version=0), CONTEXT))
    with pytest.raises(Conflict) as late:
        decide_notices(state, ChangeNotices(notices=second, version=0), CONTEXT)
    assert late.value.code == "setup_changed"
    happen(state, *decide_notices(state, ChangeNotices(notices=second, version=1), CONTEXT))
    # A program that says nothing about what it saw goes on as before.
    happen(state, *decide_notices(state, ChangeNotices(notices=first), CONTEXT))
    assert (state.notices, state.notices_version) == (first, 3)
