"""A played hall in which windows are supervised, too: what is due is decided tick by tick."""

from __future__ import annotations

from datetime import timedelta

from hall_core.events import AlertChanged, AlertRaised, Event, PresenceChanged
from hall_core.setup import Settings
from hall_queue.domain import absence, sessions, supervision
from hall_queue.domain.testing import DAY, HALL, PlayedHall, setup

WORKING_DAYS = Settings(
    week=dict.fromkeys(range(1, 6), DAY), stop_when_full=False, tickets_per_person=2
)


class WatchedHall(PlayedHall):
    """Its hours are 8:30 to 12:00 and 14:30 to 17:30, Monday to Friday; it is 9:00 of Thursday."""

    def __init__(self, now: str = "2025-11-20 09:00") -> None:
        super().__init__(setup(WORKING_DAYS), now)

    def tick(self) -> list[Event]:
        """What the kernel does when time passes, again and again until nothing is due."""
        told: list[Event] = []
        for _ in range(8):
            context = self.context()
            events: list[Event] = []
            for feature in (absence, supervision):
                due = feature.due(self.state, context)
                if due is not None and due <= self.now:
                    events += feature.time_passed(self.state, context)
            if not events:
                return told
            self.record(events)
            told += events
        raise AssertionError(f"something is always due: {told[-1]}")

    def pass_time(self, **delta: float) -> list[Event]:
        """Jump: whatever is due is told at the end of it."""
        self.now += timedelta(**delta)
        if sessions.service_day(HALL.timezone, self.now) != self.state.day:
            self.open_day()
        return self.tick()

    def minutes(self, count: int) -> list[Event]:
        """Let minutes pass one by one."""
        return [event for _ in range(count) for event in self.pass_time(minutes=1)]

    def see(self, window: int, present: bool | None, camera: str = "c1") -> None:
        """What a camera reports of a window's zone."""
        self.record([PresenceChanged(camera_id=camera, window=window, present=present)])

    def person(self, alert_id: str, state: str, level: str = "window") -> None:
        """Somebody handles an alert."""
        self.record([AlertChanged(alert_id=alert_id, state=state, level=level)])  # type: ignore[arg-type]


def raised(events: list[Event], kind: str = "suspected_absent") -> list[AlertRaised]:
    return [e for e in events if isinstance(e, AlertRaised) and e.kind == kind]


def changed(events: list[Event]) -> list[AlertChanged]:
    return [event for event in events if isinstance(event, AlertChanged)]
