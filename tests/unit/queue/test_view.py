"""What screens and counters see."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from hall_core.events import CalendarTold, SetupChanged
from hall_core.features import Audience, Command
from hall_core.workdays import CalendarDay
from hall_queue.domain import view
from hall_queue.domain.commands import (
    CallNext,
    CancelTicket,
    ChangeSetup,
    Cover,
    ExchangeTicket,
    Finish,
    Hold,
    Leave,
    NoShow,
    Open,
    Recall,
    SignIn,
    Start,
    Transfer,
    Uncover,
    Undo,
    Unhold,
    VerifyGreen,
)
from hall_queue.domain.testing import MANAGER, OPEN_ALWAYS, PlayedHall

PUBLIC, STAFF, PAD = Audience("public"), Audience("staff"), Audience("pad", 1)


@pytest.fixture
def hall() -> PlayedHall:
    played = PlayedHall()
    played.do(Open(window=1, clerk="1001"))
    played.do(Open(window=3, clerk="1003"))
    return played


def window(played: PlayedHall, number: int = 1, audience: Audience = STAFF) -> dict[str, Any]:
    found: dict[str, Any] = view.render(played.state, ("windows", number), audience)
    return found


def test_a_window_at_rest(hall: PlayedHall) -> None:
    assert window(hall, audience=PUBLIC) == {
        "number": 1,
        "name": "1号窗口",
        "name_en": "",
        "type": "general",
        "state": "open",
        "since": hall.now,
        "ticket": None,
        "clerk": {"clerk_no": "1001", "name": "职员1", "title": "", "stars": 0, "photo": ""},
        "absence": None,
        "queues": ["H"],
        "services": ["居民身份证核发"],
        "phone": "81",
        "low_counter": False,
        "zone": "A",
        "covered_by": None,
        "covers": None,
    }


def test_staff_see_the_ticket_and_what_can_be_done(hall: PlayedHall) -> None:
    hall.issue(service="id_card")
    hall.issue("H")
    hall.do(SignIn(window=1, clerk="2001"))
    hall.do(CallNext(window=1))
    hall.do(Hold(window=1))
    hall.do(CallNext(window=1))
    seen = window(hall)
    assert (seen["ticket"], seen["held"]) == ("H002", ["H001"])
    assert seen["signed_in"] == [{"clerk_no": "2001", "name": "乌兰"}]
    assert seen["ticket_detail"]["number"] == "H002"
    assert "recall" in seen["commands"]
    assert seen["can_no_show_at"] is None  # one more call is needed
    hall.do(Recall(window=1))
    assert window(hall)["can_no_show_at"] == hall.now + timedelta(seconds=60)
    hall.pass_time(seconds=60)
    hall.do(NoShow(window=1))
    until = hall.now + timedelta(seconds=5)
    assert window(hall)["undo"] == {"step": "no_show", "number": "H002", "until": until}
    hall.do(Unhold(window=1, number="H001"))
    assert window(hall)["ticket_detail"]["service"] == "居民身份证核发"


def test_the_public_learns_numbers_only(hall: PlayedHall) -> None:
    hall.issue("H", holder="secret-person")
    hall.do(CallNext(window=1))
    shown = msgspec.json.encode(window(hall, audience=PUBLIC)).decode()
    assert '"ticket":"H001"' in shown
    assert "ticket_detail" not in shown
    assert "secret" not in msgspec.json.encode(window(hall)).decode()


def test_a_notice_is_public(hall: PlayedHall) -> None:
    back = hall.now + timedelta(minutes=30)
    hall.do(Leave(window=1, reason="会议", expected_return=back, backup_clerk="2001"))
    assert window(hall, audience=PUBLIC)["absence"] == {
        "reason": "会议",
        "destination": "",
        "contact": "81",
        "expected_return": back,
        "backup_clerk": {"clerk_no": "2001", "name": "乌兰"},
        "since": hall.now,
        "clerk_no": "1001",
        "clerk_name": "职员1",
        "overdue_steps": 0,
    }
    hall.pass_time(minutes=30)
    assert window(hall)["absence"]["overdue_steps"] == 1


def test_a_pad_sees_its_own_window_only(hall: PlayedHall) -> None:
    assert [w["number"] for w in view.render(hall.state, ("windows", None), PAD)] == [1]
    assert view.render(hall.state, ("windows", 3), PAD) is None
    assert "commands" not in window(hall, audience=PAD)


def test_what_is_gone_is_none(hall: PlayedHall) -> None:
    assert view.render(hall.state, ("windows", 77), PUBLIC) is None
    assert view.render(hall.state, ("queues", "Q"), PUBLIC) is None


def test_who_waits_for_one_window_still_waits_in_the_queue(hall: PlayedHall) -> None:
    hall.issue("H")
    hall.issue("H")
    hall.do(CallNext(window=1))
    hall.do(Transfer(window=1, to_window=3))
    assert view.render(hall.state, ("queues", "H"), PUBLIC)["waiting"] == 2
    assert view.render(hall.state, ("queues", "S"), PUBLIC)["waiting"] == 0
    hall.do(CallNext(window=3))
    assert view.render(hall.state, ("queues", "H"), PUBLIC)["waiting"] == 1


def test_queues(hall: PlayedHall) -> None:
    hall.issue("H")
    hall.issue("H", age=70)
    assert view.render(hall.state, ("queues", "H"), PUBLIC) == {
        "prefix": "H",
        "name": "户籍",
        "name_en": "",
        "waiting": 2,
        "open_windows": [1, 3],
        "stopped": None,
    }
    assert view.render(hall.state, ("queues", "H"), STAFF)["green"] == 1
    assert [q["prefix"] for q in view.render(hall.state, ("queues", None), PUBLIC)] == list("HSB")
    for _ in range(20):
        hall.issue("B")
    assert view.render(hall.state, ("queues", "B"), PUBLIC)["stopped"] == "daily_limit"


def test_services_and_setup(hall: PlayedHall) -> None:
    services = view.render(hall.state, ("services", None), PUBLIC)
    assert [service["id"] for service in services] == ["id_card", "pension", "senior_card"]
    rules = view.render(hall.state, ("setup", None), PUBLIC)
    assert rules["week"][1] == [{"start": "00:00", "until": "24:00", "by_appointment": False}]
    assert rules["quick_absence_reason"] in rules["absence_reasons"]
    assert rules["requeue_back"] == 3


def test_setup_tells_the_holidays_ahead(hall: PlayedHall) -> None:
    days = {
        date(2025, 11, 19): CalendarDay(workday=False),  # past
        date(2025, 11, 20): CalendarDay(workday=False, name="国庆节"),
        date(2025, 12, 4): CalendarDay(workday=True),
        date(2025, 12, 5): CalendarDay(workday=False),  # further than anybody looks
    }
    hall.record([CalendarTold(days=days)])
    assert view.touched(hall.state, hall.records[-1]) == {("setup", None): None}
    told = view.render(hall.state, ("setup", None), PUBLIC)["days"]
    assert list(told) == [date(2025, 11, 20), date(2025, 12, 4)]
    settings = msgspec.structs.replace(hall.state.settings, closed_on_holidays=False)
    hall.do(ChangeSetup(settings=settings), MANAGER)
    assert view.render(hall.state, ("setup", None), PUBLIC)["days"] == {}


def test_a_ticket_with_its_intervals(hall: PlayedHall) -> None:
    hall.issue("H")
    ticket = hall.issue(service="id_card", cases=2)
    seen = view.ticket_view(hall.state, ticket)
    assert (seen["number"], seen["state"], seen["ahead"]) == ("H002", "waiting", 1)
    assert seen["service_name"] == "居民身份证核发"
    hall.do(CancelTicket(ticket_id=ticket.ticket_id))
    assert view.ticket_view(hall.state, ticket)["ahead"] == 0


def test_the_counter_sees_its_line_with_reasons(hall: PlayedHall) -> None:
    for _ in range(40):
        hall.issue("H")
    seen = view.line_view(hall.state, 1)
    assert len(seen) == 30
    assert (seen[0]["number"], seen[0]["reason"], seen[0]["requeues"]) == ("H001", "time", 0)


# --- what an event touched ---------------------------------------------------------------------


def touched(played: PlayedHall, command: Command) -> set[tuple[str, Any]]:
    """Parts that the events of a command say they touched."""
    first = len(played.records)
    played.do(command, MANAGER)
    records = played.records[first:]
    return {part for record in records for part in view.touched(played.state, record)}


def rendered(played: PlayedHall) -> dict[tuple[str, Any], bytes]:
    """Every part, as staff sees it."""
    state = played.state
    parts: list[tuple[str, Any]] = [("windows", number) for number in state.posts]
    parts += [("queues", prefix) for prefix in state.lines]
    parts += [("services", None), ("setup", None)]
    return {part: msgspec.json.encode(view.render(state, part, STAFF)) for part in parts}


def test_touched_names_every_part_that_changed(hall: PlayedHall) -> None:
    """A day in commands: no screen may keep an old part."""
    back = hall.now + timedelta(minutes=30)
    for _ in range(6):
        hall.issue("H")
    pending = hall.issue("H", priority="green")
    wrong = hall.issue("H")
    steps: list[Command] = [
        VerifyGreen(ticket_id=pending.ticket_id),
        ExchangeTicket(ticket_id=wrong.ticket_id, queue="S"),
        CallNext(window=1),
        Start(window=1),
        Finish(window=1, next_queue="S"),
        Undo(window=1),
        Hold(window=1),
        CancelTicket(ticket_id=pending.ticket_id),
        CallNext(window=1),
        Transfer(window=1, to_window=3),
        CallNext(window=3),
        Transfer(window=3, to_queue="B"),
        CallNext(window=1),
        Hold(window=1),
        Cover(window=3, covered=2),
        Open(window=2, clerk="1002"),
        Cover(window=3, covered=4),
        Uncover(window=3, covered=4),
        Leave(window=1, reason="会议", expected_return=back),
        Cover(window=3, covered=1),
        Unhold(window=3, number="H002"),
        ChangeSetup(settings=msgspec.structs.replace(OPEN_ALWAYS, undo_s=3)),
    ]
    for step in steps:
        before = rendered(hall)
        named = touched(hall, step)
        after = rendered(hall)
        for part, body in after.items():
            if before.get(part) != body:
                assert part in named or (part[0], None) in named, (step, part)


def test_a_changed_setup_sends_whole_lists(hall: PlayedHall) -> None:
    """An entry that is gone is in no list any more."""
    hall.record([SetupChanged(removed_windows=(2,))])
    assert ("windows", None) in set(view.touched(hall.state, hall.records[-1]))
    shown = view.render(hall.state, ("windows", None), STAFF)
    assert [entry["number"] for entry in shown] == [1, 3, 4]


def test_issuing_touches_one_queue_only(hall: PlayedHall) -> None:
    hall.issue("H")
    assert list(view.touched(hall.state, hall.records[-1])) == [("queues", "H")]
