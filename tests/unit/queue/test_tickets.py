"""Tickets at the kiosk, the guide desk and the phone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hall_core.errors import Conflict, Invalid, NotFound
from hall_core.events import (
    EvaluationRecorded,
    PaperEntry,
    TicketCancelled,
    TicketExchanged,
    TicketExpired,
    TicketIssued,
    TicketRequeued,
    TicketsRecorded,
)
from hall_core.features import Audience
from hall_core.setup import Queue
from hall_queue.domain import order, view, waiting
from hall_queue.domain.commands import (
    CallNext,
    CancelTicket,
    ChangeSetup,
    ExchangeTicket,
    ExpireWaiting,
    Finish,
    Hold,
    IssueTicket,
    NoShow,
    Open,
    RecordPaper,
    RequeueTicket,
    Start,
    Transfer,
    VerifyGreen,
)
from hall_queue.domain.state import QueueState, Ticket
from hall_queue.domain.testing import DAY, MANAGER, OPEN_ALWAYS, PlayedHall, setup
from hall_queue.printing import words


def hall(now: str = "2025-11-20 09:00", **settings: Any) -> PlayedHall:
    changed = {"no_show_wait": False, **settings}
    return PlayedHall(setup(msgspec.structs.replace(OPEN_ALWAYS, **changed)), now)


def refusal(played: PlayedHall, command: Any) -> Conflict:
    with pytest.raises(Conflict) as caught:
        played.do(command)
    assert "。" in caught.value.detail
    return caught.value


def wrong_field(played: PlayedHall, command: Any) -> str:
    with pytest.raises(Invalid) as caught:
        played.do(command)
    return caught.value.errors[0].field


def missed(played: PlayedHall, window: int = 1) -> Ticket:
    played.do(CallNext(window=window))
    ticket_id = played.post(window).ticket
    assert ticket_id is not None
    played.do(NoShow(window=window))
    return played.state.tickets[ticket_id]


# --- issue -------------------------------------------------------------------------------------


def test_numbers_run_per_queue_with_three_digits_and_more_when_needed() -> None:
    played = hall()
    assert [played.issue(queue).number for queue in "HHSH"] == ["H001", "H002", "S001", "H003"]
    played.state.lines["H"].issued = 998
    assert [played.issue("H").number for _ in range(3)] == ["H999", "H1000", "H1001"]


def test_a_service_implies_its_queue() -> None:
    played = hall()
    ticket = played.issue(service="pension")
    assert (ticket.number, ticket.queue, ticket.service) == ("S001", "S", "pension")
    assert ticket.day == "2025-11-20"


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({}, "service"),
        ({"service": "passport"}, "service"),
        ({"queue": "Q"}, "queue"),
        ({"service": "pension", "queue": "H"}, "queue"),
        ({"queue": "H", "cases": 0}, "cases"),
        ({"queue": "H", "cases": 10}, "cases"),
        ({"queue": "H", "priority": "vip"}, "priority"),
    ],
)
def test_wrong_fields_are_named(wanted: dict[str, Any], field: str) -> None:
    assert wrong_field(hall(), IssueTicket(ticket_id="x", **wanted)) == field


def test_outside_its_sessions_a_queue_says_when_it_opens() -> None:
    week = dict.fromkeys(range(1, 6), DAY)
    lunch = hall("2025-11-20 13:00", week=week)
    refused = refusal(lunch, IssueTicket(ticket_id="x", queue="H"))
    assert refused.code == "outside_hours"
    assert "今天14:30" in refused.detail
    saturday = hall("2025-11-22 10:00", week=week)
    assert "11月24日08:30" in refusal(saturday, IssueTicket(ticket_id="x", queue="H")).detail
    never = hall(week={})
    assert "导办台" in refusal(never, IssueTicket(ticket_id="x", queue="H")).detail


def test_the_daily_limit_holds() -> None:
    played = hall()
    for _ in range(20):
        played.issue("B")
    refused = refusal(played, IssueTicket(ticket_id="x", queue="B"))
    assert refused.code == "daily_limit"
    assert "20" in refused.detail
    played.issue("H")
    over = played.issue("B", channel="guide_desk")  # decides about exceptions; the journal says so
    assert (over.number, over.channel) == ("B021", "guide_desk")


def test_who_missed_every_call_is_told_to_check_in() -> None:
    played = hall()
    played.do(Open(window=1, clerk="1001"))
    for _ in range(2):
        played.issue("H", holder="p1")
    missed(played)
    third = IssueTicket(ticket_id="x", queue="H", holder="p1")
    said = "您的H001已过号，可以用“过号签到”重新排队，不用再取号。"
    assert refusal(played, third).detail == (f"您已有H002尚未办理，请先办理或取消后再取号。{said}")
    missed(played)
    refused = refusal(played, third)
    assert refused.detail == "您的H001、H002已过号，可以用“过号签到”重新排队，不用再取号。"
    assert refused.detail_en.startswith("You missed the call of H001, H002. Check in")


def test_a_person_has_few_open_tickets_in_a_queue() -> None:
    played = hall()
    first = played.issue("H", holder="p1")
    played.issue("H", holder="p1")
    refused = refusal(played, IssueTicket(ticket_id="x", queue="H", holder="p1"))
    assert refused.code == "too_many_tickets"
    assert "H001、H002" in refused.detail
    played.issue("S", holder="p1")
    played.issue("H", holder="p2")
    played.do(CancelTicket(ticket_id=first.ticket_id))
    played.issue("H", holder="p1")


def test_a_missed_ticket_that_may_come_back_counts_as_open() -> None:
    played = hall(tickets_per_person=1)
    played.issue("H", holder="p1")
    played.do(Open(window=1, clerk="1001"))
    missed(played)
    assert refusal(played, IssueTicket(ticket_id="x", queue="H", holder="p1")).code == (
        "too_many_tickets"
    )


def test_the_kiosk_stops_a_queue_that_would_pass_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    def passes(state: QueueState, ctx: Any, prefix: str, *, green: bool) -> bool:
        return prefix == "H" and not green

    monkeypatch.setattr(waiting, "passes_closing", passes)
    played = hall(stop_when_full=True)
    for channel in ("kiosk", "mobile"):
        command = IssueTicket(ticket_id="x", queue="H", channel=channel)
        assert refusal(played, command).code == "queue_full_today"
    assert played.issue("H", channel="guide_desk").number == "H001"
    assert played.issue("S").number == "S001"
    assert hall(stop_when_full=False).issue("H").number == "H001"
    claim = {"priority": "green"}
    green: list[dict[str, Any]] = [{"age": 76}, claim, {"channel": "mobile", **claim}]
    assert [played.issue("H", **one).priority for one in green] == [
        "green", "green_pending", "green_pending",
    ]  # fmt: skip


def test_the_green_channel_is_not_turned_away_near_closing() -> None:
    played = hall("2025-11-20 17:10", stop_when_full=True, week=dict.fromkeys(range(1, 8), DAY))
    played.do(Open(window=2, clerk="1002"))
    for _ in range(15):
        played.issue("B", channel="guide_desk")
    assert refusal(played, IssueTicket(ticket_id="x", queue="B")).code == "queue_full_today"
    first = played.issue("B", service="senior_card")
    assert (first.priority, order.ahead(played.state, first)) == ("green", 0)
    assert played.issue("B", age=76).priority == "green"
    claimed = IssueTicket(ticket_id="y", queue="B", priority="green")
    assert refusal(played, claimed).code == "queue_full_today", "six are called before it"


@pytest.mark.parametrize(
    ("wanted", "priority"),
    [
        ({"queue": "H"}, "normal"),
        ({"queue": "H", "age": 64}, "normal"),
        ({"queue": "H", "age": 65}, "green"),
        ({"queue": "H", "age": 64, "priority": "green"}, "green_pending"),
        ({"queue": "H", "priority": "green"}, "green_pending"),
        ({"queue": "H", "priority": "green", "channel": "mobile"}, "green_pending"),
        ({"queue": "H", "priority": "green", "channel": "guide_desk"}, "green"),
        ({"service": "senior_card"}, "green"),
        ({"service": "senior_card", "priority": "green"}, "green"),
    ],
)
def test_who_is_green_at_once(wanted: dict[str, Any], priority: str) -> None:
    assert hall().issue(**wanted).priority == priority


# --- cancel ------------------------------------------------------------------------------------


def test_waiting_held_and_missed_tickets_can_be_cancelled() -> None:
    played = hall()
    played.do(Open(window=1, clerk="1001"))
    waits, holds, misses = (played.issue("H") for _ in range(3))
    played.do(CallNext(window=1))
    played.do(Hold(window=1))
    played.do(CallNext(window=1))
    played.do(NoShow(window=1))
    for ticket in (waits, holds, misses):
        (event,) = played.do(CancelTicket(ticket_id=ticket.ticket_id))
        assert isinstance(event, TicketCancelled)
        assert ticket.state == "cancelled"
        assert not ticket.parked
    assert played.post(1).held == []
    assert played.state.lines["H"].ordinary == []


def test_called_and_ended_tickets_cannot_be_cancelled() -> None:
    played = hall()
    played.do(Open(window=1, clerk="1001"))
    ticket = played.issue("H")
    played.do(CallNext(window=1))
    command = CancelTicket(ticket_id=ticket.ticket_id)
    assert refusal(played, command).code == "being_served"
    played.do(Start(window=1))
    assert "1号窗口" in refusal(played, command).detail
    other = played.issue("H")
    played.do(CancelTicket(ticket_id=other.ticket_id))
    assert refusal(played, CancelTicket(ticket_id=other.ticket_id)).code == "ticket_ended"


def test_an_unknown_ticket_is_not_found() -> None:
    with pytest.raises(NotFound):
        hall().do(CancelTicket(ticket_id="nobody"))


# --- requeue -----------------------------------------------------------------------------------


def test_a_missed_person_may_come_back_twice() -> None:
    played = hall()
    played.do(Open(window=1, clerk="1001"))
    ticket = played.issue("H")
    for times in (1, 2):
        assert missed(played) is ticket
        assert ticket.parked
        (event,) = played.do(RequeueTicket(ticket_id=ticket.ticket_id))
        assert isinstance(event, TicketRequeued)
        assert event.times == ticket.requeues == times
        assert (ticket.state, ticket.call_count) == ("waiting", 0)
    missed(played)
    assert not ticket.parked
    assert refusal(played, RequeueTicket(ticket_id=ticket.ticket_id)).code == "requeue_limit"


def test_who_was_not_missed_is_told_what_to_do_instead() -> None:
    played = hall()
    played.do(Open(window=1, clerk="1001"))
    ticket, last = played.issue("H"), played.issue("H")

    def said(which: Ticket = ticket) -> tuple[str, str, str]:
        refused = refusal(played, RequeueTicket(ticket_id=which.ticket_id))
        return refused.code, refused.detail, refused.detail_en

    assert said(last) == (
        "not_missed",
        "H002没有过号，请继续等候，前面还有1人。",
        "H002 was not missed. Please keep waiting: 1 ahead of you.",
    )
    played.do(CallNext(window=1))
    assert said() == (
        "being_served",
        "H001正在1号窗口叫号，请直接到1号窗口。",
        "H001 is being called at window 1. Please go to window 1 now.",
    )
    played.do(Start(window=1))
    assert said()[:2] == ("being_served", "H001正在1号窗口办理，请直接到1号窗口。")
    played.do(Hold(window=1))
    assert said() == (
        "not_missed",
        "H001没有过号，1号窗口会再次叫您，请继续等候。",
        "H001 was not missed. Window 1 will call it again. Please keep waiting.",
    )
    played.do(CancelTicket(ticket_id=ticket.ticket_id))
    assert said() == (
        "ticket_ended",
        "H001已取消，如需办理请重新取号。",
        "H001 was cancelled. Please take a new ticket if you need one.",
    )
    played.do(CallNext(window=1))
    played.do(Start(window=1))
    played.do(Finish(window=1))
    assert said(last)[1] == "H002已办结，如需办理请重新取号。"
    third = played.issue("H")
    played.do(ExpireWaiting(queue="H"), MANAGER)
    assert said(third)[1] == "H003已过期，如需办理请重新取号。"


def test_a_hall_may_make_missed_tickets_void() -> None:
    played = hall(missed_ticket="void")
    played.do(Open(window=1, clerk="1001"))
    played.issue("H")
    ticket = missed(played)
    assert not ticket.parked
    assert refusal(played, RequeueTicket(ticket_id=ticket.ticket_id)).code == "ticket_ended"
    assert refusal(played, CancelTicket(ticket_id=ticket.ticket_id)).code == "ticket_ended"


def test_nobody_may_come_back_where_the_limit_is_nought() -> None:
    played = hall(requeue_limit=0)
    assert view.render(played.state, ("setup", None), Audience("public"))["missed_ticket"] == "void"
    assert words.rule(played.state.settings) == "过号作废，请重新取号。"
    played.do(Open(window=1, clerk="1001"))
    played.issue("H")
    ticket = missed(played)
    assert not ticket.parked
    assert refusal(played, RequeueTicket(ticket_id=ticket.ticket_id)).code == "ticket_ended"


# --- exchange ----------------------------------------------------------------------------------


def test_an_exchanged_ticket_gets_the_new_queues_number_and_keeps_its_id() -> None:
    played = hall()
    ticket = played.issue(service="id_card")
    (event,) = played.do(ExchangeTicket(ticket_id=ticket.ticket_id, service="pension"))
    assert isinstance(event, TicketExchanged)
    assert (ticket.number, ticket.queue, ticket.service) == ("S001", "S", "pension")
    assert played.issue("H").number == "H002"  # the old number is not given again
    assert played.issue("S").number == "S002"
    assert played.state.numbers["H001"] == ticket.ticket_id


def test_within_its_queue_only_the_item_changes() -> None:
    played = hall()
    ticket = played.issue("H")
    played.do(ExchangeTicket(ticket_id=ticket.ticket_id, service="id_card"))
    assert (ticket.number, ticket.service) == ("H001", "id_card")
    assert played.state.lines["H"].issued == 1


def test_exchange_frees_a_ticket_from_the_only_window_it_waits_for() -> None:
    played = hall()
    played.do(Open(window=1, clerk="1001"))
    played.do(Open(window=3, clerk="1003"))
    ticket = played.issue("H")
    played.do(CallNext(window=1))
    played.do(Transfer(window=1, to_window=3))
    played.do(ExchangeTicket(ticket_id=ticket.ticket_id, queue="H"))
    assert ticket.window is None
    assert played.state.for_window == {}


def test_a_missed_ticket_is_exchanged_and_still_has_to_turn_up() -> None:
    played = hall()
    played.do(Open(window=1, clerk="1001"))
    played.issue("H")
    ticket = missed(played)
    played.do(ExchangeTicket(ticket_id=ticket.ticket_id, queue="S"))
    assert (ticket.state, ticket.parked, ticket.number) == ("no_show", True, "S001")
    played.do(RequeueTicket(ticket_id=ticket.ticket_id))
    assert [t for _, t in played.state.lines["S"].ordinary] == [ticket.ticket_id]


def test_exchange_obeys_hours_but_neither_limit_nor_stop_when_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "passes_closing", lambda *_, green: True)
    played = hall(stop_when_full=True)
    ticket = played.issue("H", channel="guide_desk")
    played.do(ExchangeTicket(ticket_id=ticket.ticket_id, queue="S"))
    played.state.lines["B"].issued = 20
    played.do(ExchangeTicket(ticket_id=ticket.ticket_id, queue="B"))
    assert ticket.number == "B021"
    closed = Queue(prefix="H", name="户籍", sessions=(DAY[1],))
    played.do(ChangeSetup(queues=(closed,)), MANAGER)
    later = ExchangeTicket(ticket_id=ticket.ticket_id, queue="H")
    assert refusal(played, later).code == "outside_hours"


def test_only_a_waiting_or_missed_ticket_is_exchanged() -> None:
    played = hall()
    played.do(Open(window=1, clerk="1001"))
    ticket = played.issue("H")
    played.do(CallNext(window=1))
    command = ExchangeTicket(ticket_id=ticket.ticket_id, queue="S")
    assert refusal(played, command).code == "being_served"
    played.do(Hold(window=1))
    assert refusal(played, command).code == "being_served"
    played.do(CancelTicket(ticket_id=ticket.ticket_id))
    assert refusal(played, command).code == "ticket_ended"


# --- green channel -----------------------------------------------------------------------------


def test_the_guide_desk_verifies_or_refuses_a_claim() -> None:
    played = hall()
    granted, refused = (played.issue("H", priority="green") for _ in range(2))
    played.do(VerifyGreen(ticket_id=granted.ticket_id))
    played.do(VerifyGreen(ticket_id=refused.ticket_id, granted=False))
    assert (granted.priority, refused.priority) == ("green", "normal")
    line = played.state.lines["H"]
    assert [t for _, t in line.green] == [granted.ticket_id]
    assert [t for _, t in line.ordinary] == [refused.ticket_id]
    assert refusal(played, VerifyGreen(ticket_id=granted.ticket_id)).code == "not_pending"


def test_only_a_waiting_claim_is_verified() -> None:
    played = hall()
    ticket = played.issue("H", priority="green")
    played.do(CancelTicket(ticket_id=ticket.ticket_id))
    assert refusal(played, VerifyGreen(ticket_id=ticket.ticket_id)).code == "not_waiting"


# --- the manager's word ------------------------------------------------------------------------


def test_the_manager_sends_home_who_waits() -> None:
    played = hall()
    played.do(Open(window=1, clerk="1001"))
    misses, holds, serves, waits = (played.issue("H") for _ in range(4))
    elsewhere = played.issue("S")
    missed(played)
    played.do(CallNext(window=1))
    played.do(Hold(window=1))
    played.do(CallNext(window=1))
    events = played.do(ExpireWaiting(queue="H"), MANAGER)
    assert all(isinstance(e, TicketExpired) and e.why == "manager" for e in events)
    assert [t.state for t in (misses, holds, serves, waits)] == [
        "no_show",
        "expired",
        "called",
        "expired",
    ]
    assert not misses.parked
    assert played.post(1).held == []
    assert len(played.state.lines["S"].ordinary) == 1
    played.do(ExpireWaiting(), MANAGER)
    assert elsewhere.state == "expired"
    assert wrong_field(played, ExpireWaiting(queue="Q")) == "queue"


# --- paper -------------------------------------------------------------------------------------


def paper(*numbers: str, **more: Any) -> RecordPaper:
    entries = (PaperEntry(ticket_id=f"p-{number}", number=number, **more) for number in numbers)
    return RecordPaper(queue="H", entries=tuple(entries))


def test_numbers_served_on_paper_are_used_up() -> None:
    played = hall()
    played.issue("H")
    (event,) = played.do(paper("H002", "H005", window=1, minutes=7.5))
    assert isinstance(event, TicketsRecorded)
    ticket = played.state.tickets["p-H005"]
    assert (ticket.state, ticket.channel, ticket.window) == ("finished", "paper", 1)
    assert played.issue("H").number == "H006"
    assert wrong_field(played, paper("H003", "H002")) == "entries.1.number"


@pytest.mark.parametrize("number", ["S002", "H2", "H000", "H0012", "Hxyz", "H", "", "H99999"])
def test_a_paper_number_has_to_be_one_of_the_queue(number: str) -> None:
    assert wrong_field(hall(), paper(number)) == "entries.0.number"


def test_wrong_paper_entries_are_named() -> None:
    played = hall()
    assert wrong_field(played, paper("H001", "H001")) == "entries.1.number"
    assert wrong_field(played, paper("H001", window=77)) == "entries.0.window"
    assert wrong_field(played, paper("H001", minutes=-1)) == "entries.0.minutes"
    assert wrong_field(played, RecordPaper(queue="H", entries=())) == "entries"
    assert wrong_field(played, RecordPaper(queue="Q", entries=())) == "queue"
    played.do(paper("H001"))
    again = PaperEntry(ticket_id="p-H001", number="H002")
    assert wrong_field(played, RecordPaper(queue="H", entries=(again,))) == "entries.0.ticket_id"


# --- events of others --------------------------------------------------------------------------


def test_events_of_other_features_are_passed_over_except_ratings() -> None:
    played = hall()
    ticket = played.issue("H")
    played.record(
        [
            EvaluationRecorded(
                ticket_id=ticket.ticket_id, number="H001", window=1, clerk="1001", level="satisfied"
            ),
            EvaluationRecorded(
                ticket_id="other", number="H001", window=1, clerk="1001", level="satisfied"
            ),
        ]
    )
    assert ticket.rated


def test_an_event_may_bring_its_own_place() -> None:
    played = hall()
    played.record(
        [
            TicketIssued(ticket_id="late", number="H001", queue="H", day="2025-11-20"),
            TicketIssued(
                ticket_id="early", number="H002", queue="H", day="2025-11-20", place=(1, 0)
            ),
        ]
    )
    assert [t for _, t in played.state.lines["H"].ordinary] == ["early", "late"]
