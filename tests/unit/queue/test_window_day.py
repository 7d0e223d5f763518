"""A window's day from the journal: contiguous, and as the window was."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hall_core.events import AlertChanged, EvidenceKept
from hall_queue.domain.commands import (
    CallNext,
    Close,
    Finish,
    Handover,
    Hold,
    Leave,
    NoShow,
    Open,
    Recall,
    Return,
    Start,
    Undo,
)
from hall_queue.domain.window_day import Day, tell
from tests.unit.queue.watched_hall import WatchedHall


def told(hall: WatchedHall, window: int = 1) -> Day:
    day = tell(window, None, hall.records[0].at, hall.records)
    stretches = day.stretches
    for before, after in pairwise(stretches):
        assert before.until == after.since
    assert stretches[-1].until is None
    post = hall.post(window)
    assert stretches[-1].state in (post.state, "suspected")
    assert stretches[-1].clerk == post.clerk
    return day


def states(hall: WatchedHall) -> list[str]:
    return [stretch.state for stretch in told(hall).stretches]


def a_service(hall: WatchedHall) -> None:
    hall.issue()
    hall.do(CallNext(window=1))
    hall.minutes(1)
    hall.do(Start(window=1))
    hall.minutes(1)


def test_a_day_of_many_steps() -> None:
    hall = WatchedHall()
    hall.do(Open(window=1, clerk="1001"))
    a_service(hall)
    assert states(hall) == ["closed", "open", "calling", "serving"]
    hall.do(Hold(window=1))
    a_service(hall)
    hall.do(Finish(window=1))
    assert states(hall)[4:] == ["open", "calling", "serving", "open"]
    hall.do(Undo(window=1))
    assert states(hall)[-2:] == ["open", "serving"]
    hall.do(Handover(window=1, clerk="2001"))
    assert [s.clerk for s in told(hall).stretches[-2:]] == ["1001", "2001"]
    hall.do(Finish(window=1))
    back = hall.now + timedelta(minutes=30)
    hall.do(Leave(window=1, reason="会议", contact="81", expected_return=back))
    assert states(hall)[-2:] == ["open", "away"]
    hall.do(Return(window=1))
    hall.issue()
    hall.do(CallNext(window=1))
    for _ in range(2):
        hall.minutes(2)
    assert told(hall).stretches[-1].number is not None
    hall.do(Recall(window=1))
    hall.do(NoShow(window=1))
    assert states(hall)[-2:] == ["calling", "open"]


def test_suspected_stands_with_its_pictures_until_something_happens() -> None:
    hall = WatchedHall()
    hall.do(Open(window=1, clerk="1001"))
    hall.see(1, True)
    hall.minutes(10)
    hall.see(1, False)
    hall.minutes(6)
    (alert,) = [s for s in told(hall).stretches if s.state == "suspected"]
    assert alert.alert_id is not None
    assert alert.until is None
    kept = EvidenceKept(camera_id="c1", kind="suspected_absent", evidence=("e1",),
                        alert_id=alert.alert_id)  # fmt: skip
    hall.record([kept])
    hall.see(1, True)
    hall.tick()
    hall.record([AlertChanged(alert_id=alert.alert_id, state="explained", level="window")])
    day = told(hall)
    assert states(hall) == ["closed", "open", "suspected", "open"]
    assert (day.stretches[2].evidence, day.stretches[2].alert_state) == (("e1",), "explained")
    assert [(s.present, s.until is None) for s in day.presence] == [
        (True, False), (False, False), (True, True),
    ]  # fmt: skip


def test_closed_when_it_should_be_open_is_told_until_it_opens() -> None:
    hall = WatchedHall()
    hall.do(Open(window=1, clerk="1001"))
    hall.minutes(60)
    hall.do(Close(window=1))
    hall.pass_time(hours=22, minutes=30)  # 8:30 of the next day
    hall.minutes(6)
    hall.do(Open(window=1, clerk="1001"))
    late = told(hall).stretches[-2]
    assert states(hall)[-3:] == ["closed", "late", "open"]
    assert late.until == late.since + timedelta(minutes=1)


def test_the_day_begins_as_it_was_found() -> None:
    hall = WatchedHall()
    hall.do(Open(window=1, clerk="1001"))
    hall.see(1, True)
    day = tell(1, hall.post(1), hall.now, [])
    assert [(s.state, s.clerk) for s in day.stretches] == [("open", "1001")]
    assert [sight.present for sight in day.presence] == [True]
    hall.do(Close(window=1))
    later = tell(1, None, hall.now, hall.records[-1:])
    assert [s.state for s in later.stretches] == ["closed", "closed"]
