"""Whatever happens at a window: never an alert with a valid notice, outside of sessions, beside a
B-post clerk or against the picture; and always one when it seems left for five minutes."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hall_core.errors import HallError
from hall_core.events import AlertChanged, AlertRaised, Event
from hall_core.features import Command
from hall_queue.domain import sessions
from hall_queue.domain.absence import LEVELS
from hall_queue.domain.commands import (
    CallNext,
    Close,
    Finish,
    Leave,
    NoShow,
    Open,
    Return,
    SignIn,
    SignOut,
    Start,
)
from hall_queue.domain.order import next_ticket
from hall_queue.domain.testing import HALL
from tests.unit.queue.watched_hall import WatchedHall

WINDOW = 1
COMMANDS: tuple[Command, ...] = (
    Open(window=WINDOW, clerk="1001"),
    Close(window=WINDOW),
    CallNext(window=WINDOW),
    Start(window=WINDOW),
    Finish(window=WINDOW),
    NoShow(window=WINDOW),
    SignIn(window=WINDOW, clerk="2001"),
    SignOut(window=WINDOW, clerk="2001"),
    Return(window=WINDOW),
)


class Supervised(RuleBasedStateMachine):
    """One window among others, minute by minute."""

    @initialize(hour=st.integers(7, 18), minute=st.integers(0, 59))
    def begin(self, hour: int, minute: int) -> None:
        self.hall = WatchedHall(f"2025-11-20 {hour:02}:{minute:02}")
        self.looked_left_min = 0  # minutes in a row in which nothing spoke for somebody
        self.told: list[tuple[datetime, str]] = []  # steps of the alert that is open
        self.alert_id: str | None = None
        self.dealt_with = False

    # --- what may happen -----------------------------------------------------------------------

    @rule(command=st.sampled_from(COMMANDS))
    def press(self, command: Command) -> None:
        self._try(command)

    @rule(minutes=st.integers(1, 40))
    def leave(self, minutes: int) -> None:
        back = self.hall.now + timedelta(minutes=minutes)
        self._try(Leave(window=WINDOW, reason="会议", contact="81", expected_return=back))

    @rule()
    def somebody_comes(self) -> None:
        with contextlib.suppress(HallError):  # not outside of the sessions
            self.hall.issue()

    @rule(present=st.sampled_from([True, False, None]), camera=st.sampled_from(["c1", "c2"]))
    def camera_sees(self, present: bool | None, camera: str) -> None:
        before = self._evidence()
        self.hall.see(WINDOW, present, camera)
        if before != self._evidence() or present is not None:
            self.looked_left_min = 0

    @rule(state=st.sampled_from(["acknowledged", "explained", "dismissed"]))
    def a_person_deals_with_it(self, state: Any) -> None:
        if self.alert_id is None:
            return
        level = self.told[-1][1]
        self.hall.person(self.alert_id, state, level)
        if state != "acknowledged":
            self.alert_id, self.told, self.dealt_with = None, [], True

    @rule(minutes=st.integers(1, 12))
    def minutes_pass(self, minutes: int) -> None:
        for _ in range(minutes):
            self._minute()

    @rule(minutes=st.integers(30, 900))
    def nobody_ticks_for_long(self, minutes: int) -> None:
        """The server was off: the deadlines stand in the state."""
        self.looked_left_min = 0
        self._follow(self.hall.pass_time(minutes=minutes))

    # --- what must hold ------------------------------------------------------------------------

    @invariant()
    def due_says_when(self) -> None:
        """Asked twice without anything happening, nothing is told."""
        if not hasattr(self, "hall"):
            return
        self._follow(self.hall.tick())
        assert self.hall.tick() == []
        if self.alert_id is not None:
            assert self._may_be_suspected() or self._evidence() is None

    def _minute(self) -> None:
        self.looked_left_min = self.looked_left_min + 1 if self._looks_left() else 0
        self._follow(self.hall.pass_time(minutes=1))
        if self.looked_left_min >= 6 and self._looks_left() and not self.dealt_with:
            assert self.alert_id is not None, "it seems left and nobody was told"

    def _follow(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, AlertRaised) and event.kind == "suspected_absent":
                assert self.alert_id is None
                assert self._may_be_suspected()
                assert event.level == "window"
                self.alert_id, self.dealt_with = event.alert_id, False
                self.told = [(self.hall.now, event.level)]
            elif isinstance(event, AlertRaised) and event.kind == "late_open":
                post = self.hall.post(WINDOW)
                assert post.state == "closed"
                assert post.absence is None
                assert self._in_session()
            elif isinstance(event, AlertChanged) and event.alert_id == self.alert_id:
                self._changed(event)

    def _changed(self, event: AlertChanged) -> None:
        if event.state == "closed":
            self.alert_id, self.told = None, []
            return
        assert self._may_be_suspected()
        at, level = self.told[-1]
        assert LEVELS.index(event.level) == LEVELS.index(level) + 1, "a step was passed over"
        assert self.hall.now - at >= timedelta(minutes=5)
        self.told.append((self.hall.now, event.level))

    # --- what is true, told apart from the rule ------------------------------------------------

    def _may_be_suspected(self) -> bool:
        post = self.hall.post(WINDOW)
        return (
            post.state in ("open", "calling", "serving")
            and post.absence is None
            and not post.signed_in
            and not any(seen.present for seen in post.seen.values())
            and self._in_session()
        )

    def _in_session(self) -> bool:
        return sessions.is_open(self.hall.state.hours, None, HALL.timezone, self.hall.now)

    def _evidence(self) -> bool | None:
        seen = self.hall.post(WINDOW).seen.values()
        return any(camera.present for camera in seen) if seen else None

    def _looks_left(self) -> bool:
        """As plainly as can be: open, in session, and empty or with people waiting."""
        post = self.hall.post(WINDOW)
        if post.state not in ("open", "calling") or not self._may_be_suspected():
            return False
        return self._evidence() is False or next_ticket(self.hall.state, WINDOW) is not None

    def _try(self, command: Command) -> None:
        try:
            self.hall.do(command)
        except HallError:
            return
        self.looked_left_min, self.dealt_with = 0, False


Supervised.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow],
)
TestSupervised = Supervised.TestCase
