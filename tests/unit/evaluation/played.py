"""Queue and evaluation of a hall played in memory: commands in, events out, time by hand."""

from __future__ import annotations

from collections import deque
from datetime import UTC, date, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from hall_core.day import service_day
from hall_core.events import DayOpened, Event, Recorded
from hall_core.features import Actor, Command, Context, Feature
from hall_core.workdays import SpecialDay, Workdays
from hall_evaluation import tables
from hall_evaluation.domain.commands import HandleCase, Rate
from hall_evaluation.domain.state import Case, EvaluationState, Request
from hall_evaluation.feature import EvaluationFeature
from hall_queue.domain import commands as queue
from hall_queue.domain.state import QueueState, Ticket
from hall_queue.domain.testing import CLERK, HALL, MANAGER, setup
from hall_queue.feature import QueueFeature

ZONE = ZoneInfo(HALL.timezone)
# The Friday after is off, the Sunday after is worked instead.
SPECIAL = (
    SpecialDay(day=date(2025, 11, 28), workday=False, name="假日"),
    SpecialDay(day=date(2025, 11, 30), workday=True, name="假日"),
)
WORKDAYS = Workdays.of({special.day: special for special in SPECIAL})


class Played:
    """A hall from its first event on: 9:00 of Thursday, 2025-11-20, windows 1 and 2 open."""

    def __init__(self) -> None:
        evaluation = EvaluationFeature()
        service: Any = SimpleNamespace(workdays=WORKDAYS, token=lambda ticket_id: f"~{ticket_id}")
        evaluation.service = service
        self.features: list[Feature] = [QueueFeature(), evaluation]
        self.states: dict[str, Any] = {f.name: f.new_state() for f in self.features}
        self.records: list[Recorded] = []
        self.ratings: dict[str, Any] = {}  # the table: rows are only ever added
        self.requests: dict[str, Any] = {}
        self.now = datetime(2025, 11, 20, 9, 0, tzinfo=ZONE).astimezone(UTC)
        self._ids = count(1)
        self.record([setup()], CLERK)
        self.record([DayOpened(day=service_day(HALL.timezone, self.now))], CLERK)
        for window in (1, 2):
            self.do(queue.Open(window=window, clerk=f"100{window}"))

    @property
    def queue(self) -> QueueState:
        state: QueueState = self.states["queue"]
        return state

    @property
    def state(self) -> EvaluationState:
        state: EvaluationState = self.states["evaluation"]
        return state

    # --- asking ----------------------------------------------------------------------------

    def context(self, actor: Actor = CLERK) -> Context:
        return Context(HALL, self.now, actor, len(self.records) + 1)

    def do(self, command: Command, actor: Actor = CLERK) -> list[Event]:
        """Decide, apply, and return the events with all that followed from them."""
        for feature in self.features:
            decide = feature.commands().get(type(command))
            if decide is not None:
                state = self.states[feature.name]
                before = msgspec.json.encode(state)
                try:
                    decided = decide(state, command, self.context(actor))
                finally:
                    assert msgspec.json.encode(state) == before, "deciding changed the state"
                return self.record(decided, actor)
        raise AssertionError(command)

    def record(self, decided: list[Event], actor: Actor) -> list[Event]:
        """Apply events as the kernel does: reactions come after what was decided."""
        todo, done, context = deque(decided), [], self.context(actor)
        while todo:
            record = Recorded(len(self.records) + 1, self.now, actor.name, todo.popleft())
            self.records.append(record)
            done.append(record.event)
            for feature in self.features:
                feature.apply(self.states[feature.name], record)
            for feature in self.features:
                state = self.states[feature.name]
                for table, row in feature.rows(state, record, HALL.id):
                    self._store(table, row)
                if feature.listens is None or type(record.event) in feature.listens:
                    todo.extend(feature.react(state, record, context))
        return done

    def _store(self, table: Any, row: tuple[Any, ...]) -> None:
        assert len(row) == len(table.columns), table.name
        if table is tables.ratings:
            assert row[0] not in self.ratings, "a second rating of one ticket"
            self.ratings[row[0]] = row
        elif table is tables.evaluation_requests:
            self.requests[row[0]] = row

    # --- time ------------------------------------------------------------------------------

    def pass_time(self, **delta: float) -> list[Event]:
        """Move the clock and do what is due: midnight first."""
        self.now += timedelta(**delta)
        done: list[Event] = []
        day = service_day(HALL.timezone, self.now)
        if day != self.queue.day:
            done += self.record([DayOpened(day=day)], CLERK)
        for _ in range(20):
            due: list[Event] = []
            for feature in self.features:
                when = feature.due(self.states[feature.name], self.context())
                if when is not None and when <= self.now:
                    due += feature.time_passed(self.states[feature.name], self.context())
            if not due:
                return done
            done += self.record(due, CLERK)
        raise AssertionError("something stays due")

    def until(self, day: str, hour: int) -> list[Event]:
        """Let time pass up to an hour of a day, the hall's."""
        at = datetime.fromisoformat(f"{day} {hour:02}:00").replace(tzinfo=ZONE)
        return self.pass_time(seconds=(at - self.now).total_seconds())

    # --- short words -----------------------------------------------------------------------

    def issue(self, **more: Any) -> Ticket:
        ticket_id = f"t{next(self._ids)}"
        self.do(queue.IssueTicket(ticket_id=ticket_id, queue="H", **more))
        return self.queue.tickets[ticket_id]

    def serve(self, window: int = 1, **more: Any) -> str:
        """Somebody comes, is called and served; their ticket's id."""
        ticket = self.issue(**more)
        self.do(queue.CallNext(window=window))
        self.do(queue.Start(window=window))
        self.do(queue.Finish(window=window))
        return ticket.ticket_id

    def rate(self, ticket_id: str, level: Any = "satisfied", **more: Any) -> list[Event]:
        return self.do(
            Rate(ticket_id=ticket_id, level=level, past=self.looked_up(ticket_id), **more)
        )

    def looked_up(self, ticket_id: str) -> Request | None:
        """What the tables say of a ticket."""
        row = self.requests.get(ticket_id)
        if row is None:
            return None
        values = dict(zip((c.name for c in tables.evaluation_requests.columns), row, strict=True))
        rated = ticket_id in self.ratings
        return Request(
            ticket_id=ticket_id,
            number=values["number"],
            window=values["window"],
            clerk=values["clerk"],
            day=values["day"],
            asked_at=datetime.fromtimestamp(values["asked_ms"] / 1000, UTC),
            rate_until=datetime.fromtimestamp(values["until_ms"] / 1000, UTC),
            rated_at=self.now if rated else None,
            withdrawn=bool(values["withdrawn"]),
        )

    def bad(self, **more: Any) -> Case:
        """A bad rating at window 1, and its case."""
        ticket_id = self.serve(**more)
        self.rate(ticket_id, "very_dissatisfied", pad=1)
        return self.state.cases[f"r{ticket_id}"]

    def handle(self, case: Case, verb: Any, me: str = "boss", **more: Any) -> list[Event]:
        """A step of a case, with a text."""
        more.setdefault("note", "n1")
        command = HandleCase(case_id=case.case_id, verb=verb, me=me, **more)
        return self.do(command, MANAGER)

    def replayed(self) -> dict[str, Any]:
        """The states that the records alone give."""
        states: dict[str, Any] = {f.name: f.new_state() for f in self.features}
        for record in self.records:
            for feature in self.features:
                feature.apply(states[feature.name], record)
        return states
