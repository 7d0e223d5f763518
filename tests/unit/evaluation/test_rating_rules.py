"""When a pad asks, until when, and the one rating of a service."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from hall_core.errors import Conflict, Forbidden, Invalid
from hall_core.events import (
    ClockDoubted,
    EvaluationFiled,
    EvaluationLapsed,
    EvaluationRecorded,
    EvaluationRequested,
    EvaluationWithdrawn,
)
from hall_core.features import Audience
from hall_core.setup import EvaluationSettings, RatingReason
from hall_evaluation.domain import view
from hall_evaluation.domain.commands import ChangeEvaluationSettings, Rate
from hall_evaluation.figures import names_of, reasons_in
from hall_queue.domain import commands as queue
from hall_queue.domain.testing import CLERK, MANAGER
from tests.unit.evaluation.played import WORKDAYS, ZONE, Played


@pytest.fixture
def hall() -> Played:
    return Played()


def asks(hall: Played, window: int = 1) -> Any:
    """What the window's pad is shown."""
    return view.render(hall.state, ("questions", None), Audience("pad", window), lambda t: f"~{t}")


def change(hall: Played, **what: Any) -> None:
    settings = msgspec.structs.replace(hall.state.settings, **what)
    hall.do(ChangeEvaluationSettings(settings=settings), MANAGER)


def local(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%m-%d %H:%M}"


def test_a_removed_reason_keeps_its_words(hall: Played) -> None:
    toilets = RatingReason(id="r1", text="卫生间太远", text_en="Toilets far away")
    change(hall, reasons=(*hall.state.settings.reasons, toilets))
    change(hall, reasons=())
    ids = ["attitude", "r1", "unheard"]
    assert [each.text for each in view.reasons_of(hall.state, ids)] == [
        "服务态度不好", "卫生间太远", "unheard",
    ]  # fmt: skip
    # It may come back, and be said in other words then; a new one is none of them.
    change(hall, reasons=(RatingReason(id="attitude", text="服务态度不好"),))
    change(hall, reasons=(RatingReason(id="attitude", text="态度差"),))
    with pytest.raises(Invalid) as refused:
        change(hall, reasons=(RatingReason(id="r1", text="停车不便"),))
    assert refused.value.errors[0].field == "reasons[0].id"
    assert [each.text for each in view.reasons_of(hall.state, ids[:1])] == ["态度差"]
    names = names_of({}, hall.state)
    assert [each.text_en for each in reasons_in(names, '["r1"]')] == ["Toilets far away"]
    assert hall.replayed() == hall.states


# --- the question ------------------------------------------------------------------------------


def test_a_finish_asks_in_the_same_decision(hall: Played) -> None:
    ticket = hall.issue(holder="somebody")
    hall.do(queue.CallNext(window=1))
    hall.do(queue.Start(window=1))
    events = hall.do(queue.Finish(window=1, case_no="办件7"))
    asked = events[1]
    assert isinstance(asked, EvaluationRequested)
    assert (asked.number, asked.window, asked.clerk) == ("H001", 1, "1001")
    assert (asked.case_no, asked.real_name, asked.day) == ("办件7", True, "2025-11-20")
    assert asked.rate_until is not None
    assert local(asked.rate_until) == "11-22 00:00", "the end of Friday, the next working day"
    shown = asks(hall)[0]
    assert (shown.token, shown.clerk.name) == (f"~{ticket.ticket_id}", "职员1")
    assert shown.until - shown.asked_at == timedelta(seconds=30)
    assert asks(hall, 2) == []


def test_nobody_else_is_shown_the_question(hall: Played) -> None:
    hall.serve()
    for kind in ("public", "staff", "manager"):
        audience = Audience(kind)
        assert view.render(hall.state, ("questions", 1), audience, str) is None
        assert view.render(hall.state, ("pad", None), audience, str) is None


def test_three_matters_are_asked_about_once_at_the_end(hall: Played) -> None:
    hall.issue()
    hall.do(queue.CallNext(window=1))
    hall.do(queue.Start(window=1))
    events = hall.do(queue.Finish(window=1, next_queue="B"))
    assert len(events) == 1
    hall.do(queue.CallNext(window=2))
    hall.do(queue.Start(window=2))
    hall.do(queue.Finish(window=2))
    assert asks(hall) == []
    assert asks(hall, 2)[0].number == "H001"


def test_it_ends_by_itself_and_counts_as_not_rated(hall: Played) -> None:
    ticket_id = hall.serve()
    assert hall.pass_time(seconds=29) == []
    lapsed = hall.pass_time(seconds=1)
    assert [type(event) for event in lapsed] == [EvaluationLapsed]
    assert asks(hall) == []
    assert ticket_id in hall.requests
    assert hall.ratings == {}


@pytest.mark.parametrize(("called_after", "ends_after"), [(3, 15), (14, 15), (20, 20), (29, 29)])
def test_the_next_call_does_not_cut_it_off_before_15_s(
    hall: Played, called_after: int, ends_after: int
) -> None:
    hall.serve()
    hall.issue()
    asked_at = hall.now
    hall.pass_time(seconds=called_after)
    events = hall.do(queue.CallNext(window=1))
    lapsed_at_once = any(isinstance(event, EvaluationLapsed) for event in events)
    assert lapsed_at_once is (called_after >= 15)
    while asks(hall):
        hall.pass_time(seconds=1)
    assert (hall.now - asked_at).total_seconds() == ends_after


def test_a_call_elsewhere_leaves_it_alone(hall: Played) -> None:
    hall.serve()
    hall.issue()
    hall.pass_time(seconds=20)
    hall.do(queue.CallNext(window=2))
    assert asks(hall)


def test_a_second_finish_ends_the_first_question(hall: Played) -> None:
    first = hall.serve()
    second = hall.serve()
    assert asks(hall)[0].token == f"~{second}"
    assert [r.event.ticket_id for r in hall.records if isinstance(r.event, EvaluationLapsed)] == [
        first
    ]
    hall.rate(first, pad=1)  # it was pressed on the pad a moment before
    assert asks(hall)[0].token == f"~{second}"


def test_undo_withdraws_it_and_the_next_finish_asks_again(hall: Played) -> None:
    ticket_id = hall.serve()
    events = hall.do(queue.Undo(window=1))
    assert isinstance(events[1], EvaluationWithdrawn)
    assert asks(hall) == []
    with pytest.raises(Conflict) as refused:
        hall.rate(ticket_id)
    assert refused.value.code == "service_not_finished"
    hall.do(queue.Finish(window=1))
    assert asks(hall)
    hall.rate(ticket_id, pad=1)


def test_no_undo_after_a_rating(hall: Played) -> None:
    hall.rate(hall.serve(), pad=1)
    with pytest.raises(Conflict):
        hall.do(queue.Undo(window=1))


def test_a_question_asked_at_midnight_is_not_lost(hall: Played) -> None:
    hall.until("2025-11-20", 23)
    hall.pass_time(minutes=59, seconds=50)
    ticket_id = hall.serve()
    hall.pass_time(seconds=15)
    assert asks(hall)[0].token == f"~{ticket_id}"
    hall.rate(ticket_id, pad=1)
    assert hall.requests[ticket_id][2] == "2025-11-20"


# --- the rating --------------------------------------------------------------------------------


def test_one_press_counts(hall: Played) -> None:
    ticket_id = hall.serve()
    recorded = hall.rate(ticket_id, "mostly_satisfied", pad=1)
    said = [type(event) for event in recorded]
    assert said == [EvaluationRecorded, EvaluationFiled, EvaluationFiled], "no case"
    assert asks(hall) == []
    for pad in (1, None):
        with pytest.raises(Conflict) as refused:
            hall.rate(ticket_id, "very_dissatisfied", pad=pad)
        assert refused.value.code == "already_rated"


def test_reasons_are_the_halls_own_and_may_be_given_in_words(hall: Played) -> None:
    ticket_id = hall.serve()
    with pytest.raises(Invalid) as refused:
        hall.rate(ticket_id, "dissatisfied", reasons=("attitude", "no such"))
    assert refused.value.errors[0].field == "reasons[1]"
    recorded = hall.rate(ticket_id, "dissatisfied", reasons=("等候时间过长", "waiting", "other"))[0]
    assert isinstance(recorded, EvaluationRecorded)
    assert recorded.reasons == ("waiting", "other")


def test_a_kept_press_is_not_lost_for_a_reason_that_was_dropped_since(hall: Played) -> None:
    ticket_id = hall.serve()
    change(hall, reasons=hall.state.settings.reasons[1:])
    recorded = hall.rate(ticket_id, "dissatisfied", reasons=("attitude", "other"), kept=True)[0]
    assert isinstance(recorded, EvaluationRecorded)
    assert recorded.reasons == ("other",)


def test_a_pad_rates_its_own_window_only(hall: Played) -> None:
    ticket_id = hall.serve()
    with pytest.raises(Forbidden) as refused:
        hall.rate(ticket_id, pad=2)
    assert refused.value.code == "wrong_window"


def test_a_pad_of_a_closed_window_delivers_only_what_it_kept(hall: Played) -> None:
    first, second = hall.serve(), hall.serve()
    hall.do(queue.Close(window=1))
    hall.rate(second, pad=1)  # still asked: the last citizen of the day
    with pytest.raises(Conflict) as refused:
        hall.rate(first, pad=1)
    assert refused.value.code == "window_closed"
    hall.rate(first, pad=1, kept=True)


def test_a_ticket_that_was_not_served_is_not_rated(hall: Played) -> None:
    ticket = hall.issue()
    with pytest.raises(Conflict) as refused:
        hall.rate(ticket.ticket_id)
    assert refused.value.code == "service_not_finished"


@pytest.mark.parametrize(
    ("day", "hour", "outcome"),
    [
        ("2025-11-20", 23, "ordinary"),
        ("2025-11-21", 23, "ordinary"),  # Friday, the next working day
        ("2025-11-22", 0, "supplementary"),
        ("2025-11-27", 23, "supplementary"),  # Thursday, the fourth working day after
        ("2025-11-30", 23, "supplementary"),  # the 28th is off, the worked Sunday is the fifth
        ("2025-12-01", 0, "closed"),
    ],
)
def test_until_when_a_rating_is_taken(hall: Played, day: str, hour: int, outcome: str) -> None:
    ticket_id = hall.serve()
    hall.until(day, hour)
    if outcome == "closed":
        with pytest.raises(Conflict) as refused:
            hall.rate(ticket_id)
        assert refused.value.code == "rating_closed"
        return
    recorded = hall.rate(ticket_id)[0]
    assert isinstance(recorded, EvaluationRecorded)
    assert recorded.supplementary is (outcome == "supplementary")
    assert (recorded.day, recorded.clerk) == ("2025-11-20", "1001")
    with pytest.raises(Conflict):
        hall.rate(ticket_id)


def test_a_hall_may_take_no_supplementary_ratings(hall: Played) -> None:
    change(hall, supplementary_days=0)
    ticket_id = hall.serve()
    hall.until("2025-11-22", 0)
    with pytest.raises(Conflict) as refused:
        hall.rate(ticket_id)
    assert refused.value.code == "rating_closed"


def test_the_second_of_two_at_midnight_is_refused_though_the_tables_knew_nothing(
    hall: Played,
) -> None:
    """Both were looked up before the first was on disk, and a day opens in between."""
    ticket_id = hall.serve()
    hall.until("2025-11-20", 23)
    hall.pass_time(minutes=59, seconds=59)
    unrated = hall.looked_up(ticket_id)
    hall.rate(ticket_id)
    hall.pass_time(seconds=2)
    with pytest.raises(Conflict) as refused:
        hall.do(Rate(ticket_id=ticket_id, level="satisfied", past=unrated))
    assert refused.value.code == "already_rated"


# --- the manager's rules -----------------------------------------------------------------------

SAME = (RatingReason(id="a", text="甲"), RatingReason(id="b", text="甲"))


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ("ask_s", {"ask_s": 9}),
        ("ask_s", {"ask_s": 121}),
        ("last_days", {"rectify_days": 10, "last_days": 9}),
        ("url", {"mode": "url"}),
        ("url", {"url": "javascript:alert(1)"}),
        ("url", {"url": "https://x.test/{ticket}"}),
        ("url", {"url": "https://[x"}),
        ("voice", {"voice": "请" * 61}),
        ("reasons[1]", {"reasons": SAME}),
        ("reasons[0].id", {"reasons": (RatingReason(id="不", text="甲"),)}),
        ("reasons", {"reasons": tuple(RatingReason(id=f"r{n}", text=f"{n}") for n in range(13))}),
    ],
)
def test_rules_that_make_no_sense_are_refused(
    hall: Played, field: str, what: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        change(hall, **what)
    assert refused.value.errors[0].field == field
    assert hall.state.settings == EvaluationSettings()


def test_changed_rules_hold_from_the_next_question_on(hall: Played) -> None:
    hall.serve()
    change(hall, ask_s=60, mode="url", url="https://x.test/?t={token}&w={window}")
    hall.pass_time(seconds=30)
    assert asks(hall) == []
    hall.serve()
    hall.pass_time(seconds=59)
    assert asks(hall)
    shown = view.render(hall.state, ("pad", None), Audience("pad", 1), str)
    assert (shown.ask_s, shown.mode) == (60, "url")


def test_working_days_skip_what_was_announced() -> None:
    assert WORKDAYS.add(date(2025, 11, 27), 1) == date(2025, 11, 30)


def test_a_press_is_not_lost_to_a_clock_that_jumped(hall: Played) -> None:
    ticket_id = hall.serve()
    hall.record([ClockDoubted(wall=hall.now + timedelta(days=60), why="jumped")], CLERK)
    hall.now += timedelta(days=60)
    rated = hall.rate(ticket_id)[0]
    assert isinstance(rated, EvaluationRecorded)
    assert not rated.supplementary
