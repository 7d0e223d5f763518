"""Calls, finishes, undos, presses and midnights in every order: what is true of ratings stays true.

At most one rating per ticket; who did not press is never counted; a question is never lost where a
finish was decided; and the records alone tell the same state.
"""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hall_core.errors import Conflict, Forbidden, Invalid
from hall_core.events import (
    CaseOpened,
    EvaluationLapsed,
    EvaluationRecorded,
    EvaluationRequested,
    EvaluationWithdrawn,
    ServiceFinished,
    StepUndone,
)
from hall_evaluation.domain.commands import Rate
from hall_evaluation.domain.ratings import NEGATIVE
from hall_queue.domain import commands as queue
from tests.unit.evaluation.played import Played

WINDOWS = st.sampled_from([1, 2])
LEVELS = st.sampled_from(["very_satisfied", "mostly_satisfied", "dissatisfied"])
PADS = st.sampled_from([1, 1, 2, None])
STEPS = (queue.CallNext, queue.Start, queue.Finish, queue.Undo, queue.NoShow)


class RatingMachine(RuleBasedStateMachine):
    @initialize()
    def a_hall(self) -> None:
        self.hall = Played()
        self.pressed: list[str] = []  # tickets whose press was taken
        self.kept: list[Rate] = []  # looked up, pressed, not delivered yet
        self.seen = 0

    def ask(self, command: Any) -> bool:
        try:
            self.hall.do(command)
        except (Conflict, Forbidden, Invalid):
            return False
        return True

    # --- what happens ----------------------------------------------------------------------

    @rule(window=WINDOWS, step=st.sampled_from(STEPS))
    def a_window_works(self, window: int, step: Any) -> None:
        if step is queue.CallNext:
            self.hall.issue(holder=None)
        self.ask(step(window=window))

    @rule(window=WINDOWS)
    def somebody_is_served(self, window: int) -> None:
        for step in (queue.CallNext, queue.Start, queue.Finish):
            self.a_window_works(window, step)

    @rule(window=WINDOWS)
    def a_finish_is_taken_back(self, window: int) -> None:
        self.somebody_is_served(window)
        self.ask(queue.Undo(window=window))

    @rule(window=WINDOWS)
    def three_matters(self, window: int) -> None:
        self.ask(queue.Finish(window=window, next_queue="B"))

    @rule(window=WINDOWS, closes=st.booleans())
    def a_window_closes_or_opens(self, window: int, closes: bool) -> None:
        self.ask(
            queue.Close(window=window)
            if closes
            else queue.Open(window=window, clerk=f"100{window}")
        )

    @rule(seconds=st.sampled_from([1, 4, 10, 14, 20, 31]))
    def seconds_pass(self, seconds: int) -> None:
        self.hall.pass_time(seconds=seconds)

    @rule(hours=st.sampled_from([1, 9, 30, 24 * 9]))
    def hours_pass(self, hours: int) -> None:
        self.hall.pass_time(hours=hours)

    @rule(data=st.data(), level=LEVELS, pad=PADS, kept=st.booleans())
    def somebody_presses(self, data: Any, level: Any, pad: int | None, kept: bool) -> None:
        """On any pad or phone, for any ticket there ever was; some presses arrive later."""
        tickets = sorted(
            {r.event.ticket_id for r in self.hall.records if isinstance(r.event, ServiceFinished)}
        )
        ticket_id = data.draw(st.sampled_from([*tickets, "t1"]))
        past = self.hall.looked_up(ticket_id)
        press = Rate(ticket_id=ticket_id, level=level, pad=pad, kept=kept, past=past)
        if data.draw(st.integers(0, 4)) == 0:
            self.kept.append(press)
        else:
            self._deliver(press)

    @rule()
    def what_was_kept_is_delivered(self) -> None:
        for press in self.kept:
            # The tables are asked when it arrives.
            past = self.hall.looked_up(press.ticket_id)
            self._deliver(msgspec.structs.replace(press, past=past))
        self.kept.clear()

    @rule(data=st.data(), level=LEVELS)
    def two_pads_press_at_once(self, data: Any, level: Any) -> None:
        """Both looked up before either was decided."""
        asked = [q.ticket_id for q in self.hall.state.questions.values()]
        if not asked:
            return
        ticket_id = data.draw(st.sampled_from(asked))
        window = self.hall.state.requests[ticket_id].window
        past = self.hall.looked_up(ticket_id)
        press = Rate(ticket_id=ticket_id, level=level, pad=window, past=past)
        assert self._deliver(press), "a press while the pad asks is taken"
        assert not self._deliver(press)

    def _deliver(self, press: Rate) -> bool:
        taken = self.ask(press)
        if taken:
            self.pressed.append(press.ticket_id)
        return taken

    # --- what is true ----------------------------------------------------------------------

    @invariant()
    def a_ticket_is_rated_once_and_only_by_a_press(self) -> None:
        if not hasattr(self, "hall"):
            return
        assert len(self.pressed) == len(set(self.pressed))
        assert set(self.hall.ratings) == set(self.pressed)

    @invariant()
    def nothing_that_was_finished_is_forgotten(self) -> None:
        """Follow the records: each finish asks at once, each question ends in one way."""
        if not hasattr(self, "hall"):
            return
        records = self.hall.records
        for place in range(self.seen, len(records)):
            event = records[place].event
            if isinstance(event, ServiceFinished) and event.next_queue is None:
                followed = [
                    r.event for r in records[place:] if isinstance(r.event, EvaluationRequested)
                ]
                assert followed[0].ticket_id == event.ticket_id
            if isinstance(event, StepUndone) and event.step == "finish":
                before = [r.event for r in records[:place] if isinstance(r.event, ServiceFinished)]
                if before[-1].next_queue is None and event.ticket_id == before[-1].ticket_id:
                    assert isinstance(records[place + 1].event, EvaluationWithdrawn)
                    assert not self.ask(Rate(ticket_id=event.ticket_id, level="satisfied"))
            if isinstance(event, EvaluationRecorded) and event.level in NEGATIVE:
                opened = records[place + 1].event
                assert isinstance(opened, CaseOpened)
                assert opened.ticket_id == event.ticket_id
        self.seen = len(records)
        asked: dict[int, str] = {}
        for record in records:
            match record.event:
                case EvaluationRequested(ticket_id=ticket_id, window=window):
                    assert window not in asked, "the one before has ended"
                    asked[window] = ticket_id
                case EvaluationLapsed(ticket_id=ticket_id, window=window):
                    assert asked.pop(window) == ticket_id
                case EvaluationRecorded() | EvaluationWithdrawn() as ended:
                    if asked.get(ended.window) == ended.ticket_id:
                        del asked[ended.window]
        questions = self.hall.state.questions
        assert {window: q.ticket_id for window, q in questions.items()} == asked
        for question in questions.values():
            assert question.until > self.hall.now, "it would have ended"
            assert question.ticket_id in self.hall.state.requests

    def teardown(self) -> None:
        if not hasattr(self, "hall"):
            return
        assert self.hall.replayed() == self.hall.states
        for name, state in self.hall.states.items():  # as an opening stores it
            assert msgspec.json.decode(msgspec.json.encode(state), type=type(state)) == state, name
        undone = {r.event.ticket_id for r in self.hall.records if isinstance(r.event, StepUndone)}
        for ticket_id, row in self.hall.requests.items():
            assert row[11] == 0 or ticket_id in undone


TestRatingMachine = RatingMachine.TestCase
TestRatingMachine.settings = settings(max_examples=30, stateful_step_count=30)
