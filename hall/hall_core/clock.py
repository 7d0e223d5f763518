"""Time, injected. Nothing in the product reads the wall clock but `SystemClock`."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """`now` is aware UTC and may jump; `monotonic` is seconds and never does."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class SpeedClock:
    """A clock that starts at `start` and runs `speed` times as fast: a simulated day."""

    def __init__(self, start: datetime, speed: float) -> None:
        self._start = start.astimezone(UTC)
        self._origin = time.monotonic()
        self.speed = speed

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._origin) * self.speed


class ManualClock:
    """A clock that moves only when told to. `jump` moves the wall without the monotonic part."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, **delta: float) -> None:
        step = timedelta(**delta)
        self._now += step
        self._monotonic += step.total_seconds()

    def jump(self, **delta: float) -> None:
        self._now += timedelta(**delta)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_HALF = timedelta(microseconds=500)
_BELOW = tuple(timedelta(microseconds=n) for n in range(1000))


def micros(at: datetime) -> int:
    """UTC microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def millis(at: datetime) -> int:
    """UTC milliseconds since 1970: how times are stored."""
    return (at - _EPOCH + _HALF) // _MILLISECOND


def from_millis(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


def to_millis(at: datetime) -> datetime:
    """`at` cut to whole milliseconds, as precise as it is stored."""
    return at - _BELOW[at.microsecond % 1000]
