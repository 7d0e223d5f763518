"""The closed loop: the table of command and state, its deadlines, reminders, and who may not."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from hall_core.errors import Conflict, Forbidden, Invalid, NotFound
from hall_core.events import (
    AlertChanged,
    AlertRaised,
    CaseChanged,
    CaseOpened,
    CaseOverdue,
    CaseState,
    CaseVerb,
    ClockConfirmed,
    ClockDoubted,
    Event,
)
from hall_evaluation.domain import case_table
from hall_evaluation.domain.case_steps import possible
from hall_evaluation.domain.case_table import BACK, NATURAL_ORDER, NEEDS_TEXT, SAME, TABLE
from hall_evaluation.domain.commands import NewCase, OpenCases
from hall_evaluation.domain.state import Case
from hall_evaluation.domain.view import Contact, case_view, masked
from hall_queue.domain.testing import CLERK, MANAGER
from tests.unit.evaluation.played import ZONE, Played

README = Path(__file__).parents[3] / "evaluation_devices" / "README.md"
STATES: tuple[CaseState, ...] = get_args(CaseState)
VERBS: tuple[CaseVerb, ...] = get_args(CaseVerb)
# What brings a new case into each state.
WAYS: dict[CaseState, tuple[tuple[CaseVerb, dict[str, Any]], ...]] = {
    "open": (),
    "assigned": (("assign", {"to": "wang"}),),
    "contacted": (("assign", {"to": "wang"}), ("contact", {"reached": True})),
    "rectifying": (("assign", {"to": "wang"}), ("rectify", {})),
    "appealed": (("assign", {"to": "wang"}), ("appeal", {"outcome": "mistaken", "me": "wang"})),
    "settled": (("assign", {"to": "wang"}), ("settle", {})),
    "closed": (("assign", {"to": "wang"}), ("settle", {}), ("close", {})),
}
NEEDS: dict[CaseVerb, dict[str, Any]] = {
    "assign": {"to": "li"},
    "contact": {"reached": True},
    "appeal": {"outcome": "malicious"},
    "review": {"outcome": "upheld"},
}


@pytest.fixture
def hall() -> Played:
    return Played()


def case_in(hall: Played, state: CaseState) -> Case:
    case = hall.bad()
    for verb, more in WAYS[state]:
        hall.handle(case, verb, **more)
    assert case.state == state
    return case


def local(at: datetime | None) -> str:
    assert at is not None
    return f"{at.astimezone(ZONE):%m-%d %H:%M}"


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


# --- the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_the_table_of_command_and_state_is_what_happens(
    hall: Played, verb: CaseVerb, state: CaseState
) -> None:
    case = case_in(hall, state)
    after = TABLE[verb].get(state)
    if after is None:
        with pytest.raises(Conflict) as refused:
            hall.handle(case, verb, **NEEDS.get(verb, {}))
        assert refused.value.code == "case_state"
        return
    hall.handle(case, verb, **NEEDS.get(verb, {}))
    expected = {SAME: state, BACK: "assigned"}.get(after, after)
    assert case.state == expected


def test_the_readme_shows_the_table() -> None:
    assert case_table.page() in README.read_text(encoding="utf-8")


def test_what_is_offered_is_what_the_table_allows() -> None:
    for state in STATES:
        assert set(NATURAL_ORDER[state]) == {verb for verb in VERBS if state in TABLE[verb]}


@pytest.mark.parametrize("verb", sorted(NEEDS_TEXT))
def test_steps_that_must_say_why(hall: Played, verb: CaseVerb) -> None:
    state = next(iter(TABLE[verb]))
    case = case_in(hall, state)
    with pytest.raises(Invalid) as refused:
        hall.handle(case, verb, note=None, **NEEDS.get(verb, {}))
    assert refused.value.errors[0].field == "text"


@pytest.mark.parametrize(
    ("state", "verb", "more", "field"),
    [
        ("open", "assign", {"to": " " * 3}, "to"),
        ("open", "assign", {"to": "王" * 41}, "to"),
        ("assigned", "contact", {}, "reached"),
        ("assigned", "contact", {"reached": False, "settled": True}, "outcome"),
        ("assigned", "appeal", {}, "outcome"),
        ("assigned", "appeal", {"outcome": "upheld"}, "outcome"),
        ("appealed", "review", {}, "outcome"),
        ("assigned", "rectify", {"due": date(2025, 11, 19)}, "due"),
        ("assigned", "rectify", {"due": date(2025, 12, 12)}, "due"),
    ],
)
def test_what_a_step_needs_is_named(
    hall: Played, state: CaseState, verb: CaseVerb, more: dict[str, Any], field: str
) -> None:
    case = case_in(hall, state)
    with pytest.raises(Invalid) as refused:
        hall.handle(case, verb, **more)
    assert refused.value.errors[0].field == field


# --- opening -----------------------------------------------------------------------------------


def test_a_bad_rating_opens_a_case_and_tells_the_hall(hall: Played) -> None:
    ticket_id = hall.serve()
    events = hall.rate(ticket_id, "dissatisfied", pad=1, note="n7", reasons=("skill",))
    assert kinds(events) == ["EvaluationRecorded", "CaseOpened", "AlertRaised"]
    opened, alert = events[1:]
    assert isinstance(opened, CaseOpened)
    assert isinstance(alert, AlertRaised)
    assert (opened.source, opened.note, opened.reasons) == ("pad", "n7", ("skill",))
    assert local(opened.due) == "11-22 00:00"
    assert local(opened.escalate) == "11-25 00:00"
    assert local(opened.last) == "12-12 00:00", "the 15th working day, with one off and one worked"
    assert (alert.kind, alert.level, alert.clerk) == ("negative_evaluation", "hall", "1001")
    assert ticket_id not in alert.alert_id
    assert (alert.detail, alert.detail_en) == ("H001：不满意", "H001: dissatisfied")


def complaint(number: int = 1, **more: Any) -> NewCase:
    usual = {"kind": "complaint", "source": "telephone", "note": "n"}
    return NewCase(case_id=f"c{number}", **{**usual, **more})


def test_complaints_are_opened_together_or_not_at_all(hall: Played) -> None:
    rows = (
        complaint(1, clerk="1002", day="2025-11-19"),
        complaint(2, window=9, where="rows[1]."),
    )
    with pytest.raises(Invalid) as refused:
        hall.do(OpenCases(cases=rows), MANAGER)
    assert refused.value.errors[0].field == "rows[1].window"
    assert hall.state.cases == {}
    hall.do(OpenCases(cases=rows[:1]), MANAGER)
    assert hall.state.cases["c1"].day == "2025-11-19"
    assert not hall.state.cases["c1"].real_name


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("clerk_no", {"clerk": "nobody"}),
        ("service", {"service": "nothing"}),
        ("happened_at", {"day": "2025-11-21"}),
        ("happened_at", {"day": "2015-11-19"}),
        ("happened_at", {"day": "0026-11-20"}),
        ("window", {"window": 0}),
        ("window", {"kind": "unresolved", "source": "window"}),
        ("window", {"kind": "unresolved", "source": "window", "window": 1}),
        ("order_no", {"order_no": "9" * 41}),
        ("order_no", {"order_no": "15\n02"}),
        ("order_no", {"order_no": "1.50202E+13"}),
    ],
)
def test_a_complaint_about_what_is_not_there(
    hall: Played, field: str, more: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        hall.do(OpenCases(cases=(complaint(**more),)), MANAGER)
    assert refused.value.errors[0].field == field


def test_an_order_that_another_import_brought_meanwhile(hall: Played) -> None:
    hall.do(OpenCases(cases=(complaint(1, order_no="A1"), complaint(2))), MANAGER)
    assert hall.replayed()["evaluation"].cases["c1"].order_no == "A1"
    with pytest.raises(Invalid) as refused:
        hall.do(OpenCases(cases=(complaint(3, order_no="A1", where="rows[7]."),)), MANAGER)
    assert refused.value.errors[0].field == "rows[7].order_no"


# --- deadlines ---------------------------------------------------------------------------------


def test_each_step_has_its_deadline_in_working_days(hall: Played) -> None:
    case = hall.bad()
    assert (case.due_step, local(case.due)) == ("contact", "11-22 00:00")
    hall.handle(case, "contact", reached=False)
    assert (case.due_step, case.state, case.assignee) == ("contact", "assigned", "boss")
    hall.handle(case, "contact", reached=True)
    assert (case.due_step, local(case.due)) == ("rectify", "11-28 00:00")
    hall.handle(case, "rectify", due=date(2025, 12, 3))
    assert (case.due_step, local(case.due)) == ("rectify", "12-04 00:00")
    hall.handle(case, "appeal", outcome="mistaken")
    assert (case.due_step, local(case.due)) == ("review", "11-28 00:00")
    hall.handle(case, "review", me="li", outcome="upheld")
    assert (case.state, case.due_step) == ("rectifying", "rectify")
    hall.handle(case, "settle")
    assert (case.due_step, case.due) == (None, None)
    assert case.attempts == 2


def test_no_step_is_due_after_the_last_deadline(hall: Played) -> None:
    case = hall.bad()
    hall.handle(case, "contact", reached=True)
    hall.until("2025-12-09", 9)
    hall.handle(case, "rectify")
    assert case.due == case.last


def test_reminders_go_to_the_hall_then_to_supervision(hall: Played) -> None:
    case = hall.bad()
    assert kinds(hall.until("2025-11-21", 23)) == ["DayOpened"]
    first = hall.until("2025-11-22", 1)
    assert kinds(first) == ["DayOpened", "CaseOverdue", "AlertRaised"]
    raised = first[-1]
    assert isinstance(raised, AlertRaised)
    assert (raised.kind, raised.level, raised.clerk) == ("case_overdue", "hall", "1001")
    assert raised.detail == "差评H001：回访已超期"
    assert raised.detail_en == "Negative rating H001: the call-back is overdue"
    assert not any(isinstance(event, CaseOverdue) for event in hall.until("2025-11-24", 23))
    second = hall.until("2025-11-25", 1)
    assert kinds(second) == ["DayOpened", "CaseOverdue", "AlertChanged"]
    changed = second[-1]
    assert isinstance(changed, AlertChanged)
    assert (changed.alert_id, changed.level) == (raised.alert_id, "supervision")
    ended = hall.handle(case, "contact", reached=True)
    assert kinds(ended) == ["CaseChanged", "AlertChanged"]
    assert isinstance(ended[1], AlertChanged)
    assert (ended[1].alert_id, ended[1].state) == (raised.alert_id, "closed")
    assert case.late == 1, "one deadline, however many were told"


@pytest.mark.parametrize("assignee", [None, "boss", "wang"])
def test_who_appealed_does_not_review(hall: Played, assignee: str | None) -> None:
    """Else one person alone could take a bad rating out of the figures."""
    case = hall.bad()
    if assignee is not None:
        hall.handle(case, "assign", to=assignee)
    hall.handle(case, "appeal", outcome="mistaken")
    hall.handle(case, "assign", to="li")
    assert "review" not in possible(case, "boss")
    with pytest.raises(Forbidden):
        hall.handle(case, "review", outcome="mistaken")
    assert "review" in possible(case, "chen")
    hall.handle(case, "review", me="chen", outcome="mistaken")
    assert case.outcome == "mistaken"


def test_no_deadline_passes_by_a_clock_that_is_doubted(hall: Played) -> None:
    """What is recorded as late stays so: a clock that jumped must not make it."""
    case = hall.bad()
    hall.record([ClockDoubted(wall=hall.now + timedelta(days=60), why="jumped")], CLERK)
    assert CaseOverdue not in map(type, hall.pass_time(days=60))
    assert (case.late, case.told, case.told_last) == (0, 0, False)
    hall.record([ClockConfirmed(wall=hall.now, day="2026-01-19")], MANAGER)
    told = [event for event in hall.pass_time(seconds=1) if isinstance(event, CaseOverdue)]
    assert [event.step for event in told] == ["contact", "contact", None]


def test_a_reminder_that_somebody_dismissed_comes_again_with_the_next_step(hall: Played) -> None:
    case = hall.bad()
    raised = hall.until("2025-11-22", 1)[-1]
    assert isinstance(raised, AlertRaised)
    dismissed = AlertChanged(alert_id=raised.alert_id, state="dismissed", level="hall")
    hall.record([dismissed], MANAGER)
    again = hall.until("2025-11-25", 1)[-1]
    assert isinstance(again, AlertRaised)
    assert again.level == "supervision"
    assert again.alert_id != raised.alert_id
    assert case.late == 1


def test_the_last_deadline_is_for_closing(hall: Played) -> None:
    case = case_in(hall, "settled")
    told = hall.until("2025-12-12", 1)
    overdue = [event for event in told if isinstance(event, CaseOverdue)]
    assert [(event.step, event.level) for event in overdue] == [(None, "supervision")]
    ended = hall.handle(case, "close")
    assert kinds(ended) == ["CaseChanged", "AlertChanged", "AlertChanged"], "with the first alert"
    assert hall.until("2026-01-20", 1)[-1:] != overdue


def alerts_now(hall: Played) -> list[tuple[str, str]]:
    """(words, level) of the reminders that are open."""
    found: dict[str, list[str]] = {}
    for record in hall.records:
        event = record.event
        if isinstance(event, AlertRaised) and event.kind == "case_overdue":
            found[event.alert_id] = [event.detail, event.level]
        elif isinstance(event, AlertChanged) and event.alert_id in found:
            found[event.alert_id][1] = event.level
            if event.state == "closed":
                del found[event.alert_id]
    return [(words, level) for words, level in found.values()]


def test_after_the_last_deadline_supervision_goes_on_looking(hall: Played) -> None:
    case = hall.bad()
    hall.until("2025-12-11", 9)
    assert alerts_now(hall) == [("差评H001：回访已超期", "supervision")]
    hall.until("2025-12-12", 1)
    assert alerts_now(hall) == [("差评H001：已过最后期限", "supervision")]
    hall.handle(case, "contact", reached=True)
    assert CaseOverdue not in map(type, hall.pass_time(days=1))
    assert alerts_now(hall) == [("差评H001：已过最后期限", "supervision")]
    assert (case.due, case.late) == (case.last, 1), "that was said already"
    with pytest.raises(Invalid):
        hall.handle(case, "rectify", due=date(2025, 12, 12))
    hall.handle(case, "rectify", due=date(2025, 12, 15))
    assert local(case.due) == "12-16 00:00"
    overdue = [e for e in hall.until("2025-12-20", 1) if isinstance(e, CaseOverdue)]
    assert [(e.step, e.level) for e in overdue] == [("rectify", "supervision")]
    assert case.late == 2
    assert alerts_now(hall) == [("差评H001：处理已超期", "supervision")]
    hall.handle(case, "settle")
    assert alerts_now(hall) == [("差评H001：已过最后期限", "supervision")]
    assert hall.replayed() == hall.states
    hall.handle(case, "close")
    assert alerts_now(hall) == []
    assert hall.replayed() == hall.states


def test_a_case_reopened_after_its_last_deadline_is_in_time_again(hall: Played) -> None:
    case = case_in(hall, "settled")
    hall.until("2025-12-12", 1)
    hall.handle(case, "reopen")
    assert alerts_now(hall) == []
    hall.until("2025-12-20", 1)
    assert alerts_now(hall) == [("差评H001：处理已超期", "hall")]
    assert hall.replayed() == hall.states


def test_a_server_that_was_off_for_weeks_says_everything_once(hall: Played) -> None:
    case = hall.bad()
    told = [e for e in hall.until("2025-12-20", 9) if isinstance(e, CaseOverdue)]
    assert [(e.step, e.level) for e in told] == [
        ("contact", "hall"), ("contact", "supervision"), (None, "supervision"),
    ]  # fmt: skip
    assert case.late == 1
    assert hall.replayed() == hall.states


def test_closed_cases_can_be_reopened_for_thirty_days(hall: Played) -> None:
    closed, other, open_ = case_in(hall, "closed"), case_in(hall, "closed"), hall.bad()
    hall.until("2025-12-20", 8)  # an hour less than 30 days later
    hall.handle(other, "reopen")
    assert other.state == "assigned"
    hall.until("2025-12-21", 9)
    assert list(hall.state.cases) == [other.case_id, open_.case_id]
    with pytest.raises(NotFound):
        hall.handle(closed, "reopen")
    assert hall.replayed() == hall.states


def test_reopening_starts_the_clock_anew(hall: Played) -> None:
    case = case_in(hall, "settled")
    hall.until("2025-12-11", 1)
    hall.handle(case, "close")
    hall.handle(case, "reopen")
    assert (case.state, case.told_last, case.closed_at) == ("assigned", False, None)
    assert (case.due_step, local(case.due), local(case.last)) == (
        "rectify", "12-19 00:00", "01-02 00:00",
    )  # fmt: skip


# --- who, and 100 % 回访 -----------------------------------------------------------------------


def test_who_left_a_name_is_called_back_before_it_closes(hall: Played) -> None:
    case = hall.bad(holder="somebody")
    hall.handle(case, "assign", to="wang")
    hall.handle(case, "settle")
    assert "close" not in possible(case, "boss")
    with pytest.raises(Conflict) as refused:
        hall.handle(case, "close")
    assert refused.value.code == "not_contacted"
    for _ in range(2):
        hall.handle(case, "contact", reached=False)
        with pytest.raises(Conflict):
            hall.handle(case, "close")
    hall.handle(case, "contact", reached=False)
    hall.handle(case, "close")
    assert case.contacted_at is None


def test_who_left_a_name_is_called_back_again_after_a_reopening(hall: Played) -> None:
    case = hall.bad(holder="somebody")
    hall.handle(case, "contact", reached=True, settled=True)
    first = case.contacted_at
    hall.handle(case, "close")
    for reached in ((True,), (False, False, False)):
        hall.pass_time(hours=1)
        hall.handle(case, "reopen")
        hall.handle(case, "settle")
        assert "close" not in possible(case, "boss")
        with pytest.raises(Conflict) as refused:
            hall.handle(case, "close")
        assert refused.value.code == "not_contacted"
        for each in reached:
            hall.handle(case, "contact", reached=each)
        hall.handle(case, "close")
    assert case.contacted_at == first, "the rate goes by the first time"
    hall.handle(case, "reopen")  # at once: a slip is taken back
    hall.handle(case, "settle")
    hall.handle(case, "close")
    assert hall.replayed() == hall.states


def test_settled_on_the_telephone(hall: Played) -> None:
    case = hall.bad(holder="somebody")
    hall.handle(case, "contact", reached=True, settled=True)
    assert (case.state, case.assignee) == ("settled", "boss")
    hall.handle(case, "close")


def test_a_review_is_somebody_elses(hall: Played) -> None:
    case = case_in(hall, "appealed")
    assert "review" not in possible(case, "wang")
    with pytest.raises(Forbidden) as refused:
        hall.handle(case, "review", me="wang", outcome="mistaken")
    assert refused.value.code == "review_own"
    changed = hall.handle(case, "review", me="li", outcome="mistaken")[0]
    assert isinstance(changed, CaseChanged)
    assert (case.state, case.outcome) == ("settled", "mistaken")


def test_who_handed_a_case_on_does_not_review_it(hall: Played) -> None:
    case = hall.bad()
    for name in ("wang", "li", "li"):
        hall.handle(case, "assign", to=name)
    hall.handle(case, "appeal", me="li", outcome="mistaken")
    hall.handle(case, "assign", me="li", to="zhao")
    for name in ("wang", "li", "zhao"):
        assert "review" not in possible(case, name)
        with pytest.raises(Forbidden) as refused:
            hall.handle(case, "review", me=name, outcome="mistaken")
        assert refused.value.code == "review_own"
    assert case.earlier_assignees == ("wang", "li")
    hall.handle(case, "review", me="boss", outcome="mistaken")
    assert hall.replayed() == hall.states


# --- what is seen ------------------------------------------------------------------------------


def test_contacts_are_masked_in_lists() -> None:
    assert masked(Contact("张三丰", "13812341234")) == Contact("张*", "138****1234")
    assert masked(Contact("李", "0472-12345678")) == Contact("李", "047******5678")
    assert masked(Contact("", "8921001")) == Contact("", "*****01")
    assert masked(Contact("", "0472-891234")) == Contact("", "047****1234")


def test_a_case_in_words(hall: Played) -> None:
    case = hall.bad()
    hall.until("2025-11-22", 1)
    shown = case_view(hall.state, case, "demo", hall.now, "太慢", None)
    assert shown.clerk is not None
    assert (shown.clerk.name, shown.overdue, shown.late, shown.text) == ("职员1", True, 1, "太慢")
    assert shown.due is not None
    assert shown.due.overdue


def test_alert_ids_differ_by_case_and_step(hall: Played) -> None:
    hall.bad()
    hall.bad()
    hall.until("2025-11-22", 1)
    raised = [r.event.alert_id for r in hall.records if isinstance(r.event, AlertRaised)]
    assert len(raised) == len(set(raised)) == 4
