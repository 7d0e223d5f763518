"""Simulated time: mornings, going on where it stopped, and nights that are skipped."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hall_app.demo.pace import DemoClock, Pace, first_morning, going_on, next_morning
from hall_core.day import ClockGuard

TZ = "Asia/Shanghai"
ZONE = ZoneInfo(TZ)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        ("2026-03-01 12:00", "2026-03-03 08:20"),  # a Sunday
        ("2026-03-03 07:00", "2026-03-03 08:20"),  # that very morning
        ("2026-03-03 08:20", "2026-03-10 08:20"),
        ("2026-03-04 01:00", "2026-03-10 08:20"),
        ("2026-09-30 12:00", "2026-10-13 08:20"),  # 6 October is a holiday
    ],
)
def test_it_begins_on_the_next_tuesday_morning(now: str, begins: str) -> None:
    assert first_morning(local(now).astimezone(UTC), TZ) == local(begins)


@pytest.mark.parametrize(
    ("last", "then"),
    [
        ("2026-03-03 10:15", "2026-03-03 10:15:01"),  # in the middle of a day
        ("2026-03-03 13:00", "2026-03-03 13:00:01"),  # at lunch
        ("2026-03-03 18:02", "2026-03-04 08:20"),
        ("2026-03-03 03:00", "2026-03-03 08:20"),
        ("2026-03-06 17:45", "2026-03-09 08:20"),  # over a weekend
        ("2026-03-07 10:00", "2026-03-09 08:20"),
        ("2026-09-30 18:00", "2026-10-08 08:20"),  # over the National Day
        ("2026-10-01 10:00", "2026-10-08 08:20"),
    ],
)
def test_it_goes_on_where_it_stopped_or_on_the_next_working_morning(last: str, then: str) -> None:
    assert going_on(local(last).astimezone(UTC), TZ) == local(then)


def test_after_friday_comes_monday() -> None:
    assert next_morning(local("2026-03-06 18:00"), TZ) == local("2026-03-09 08:20")


def started(at: str, speed: float) -> DemoClock:
    clock = DemoClock(local(at), speed)
    clock.go()
    return clock


def test_it_stands_still_until_it_is_started() -> None:
    clock = DemoClock(local("2026-03-03 08:20"), 600)
    time.sleep(0.005)  # three simulated seconds
    assert clock.now() == local("2026-03-03 08:20")
    assert clock.monotonic() == 0
    clock.go()
    clock.go()
    assert timedelta() <= clock.now() - local("2026-03-03 08:20") < timedelta(minutes=5)


def test_a_skipped_night_moves_wall_and_monotonic_time_together() -> None:
    clock = started("2026-03-03 18:00", 60)
    guard = ClockGuard(clock)
    before = clock.monotonic()
    morning = local("2026-03-04 08:20")
    clock.skip_to(morning)
    assert timedelta() <= clock.now() - morning < timedelta(minutes=1)
    assert clock.monotonic() - before >= 14 * 3600
    assert not guard.jumped(), "the server would doubt its clock"


def test_time_is_never_skipped_back() -> None:
    clock = started("2026-03-03 10:00", 60)
    clock.skip_to(local("2026-03-03 09:00"))
    assert clock.now() >= local("2026-03-03 10:00")


async def test_sleeping_takes_the_speeds_share_of_real_time() -> None:
    pace = Pace(started("2026-03-03 10:00", 600), TZ)
    begin = pace.now()
    await pace.sleep(30)
    assert timedelta(seconds=30) <= pace.now() - begin < timedelta(minutes=5)
    await pace.until(begin)  # the past: at once
    assert pace.real(600) == 1.0
    assert pace.worst_lateness() >= 0
    assert pace.worst_lateness() == 0
