"""Every command in every order: what is true of a hall's queue stays true.

Commands are thrown at the hall whether possible or not. A refusal must be a named error and must
change nothing; whatever happens, `invariants.violations` finds nothing, no ticket is lost, no
number is given twice, ordinary people do not starve, screens were told of every part that changed,
and replaying the records gives the same state.
"""

from __future__ import annotations

import inspect
from collections import Counter
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hall_core.errors import Conflict, HallError, Invalid, NotFound
from hall_core.events import (
    EvaluationRecorded,
    PaperEntry,
    TicketCalled,
    TicketExchanged,
    TicketIssued,
    TicketsRecorded,
)
from hall_core.features import Actor, Audience, Command
from hall_core.setup import Clerk, Queue, ServedQueue, Service, Window
from hall_queue.domain import commands, order, view
from hall_queue.domain.apply import apply
from hall_queue.domain.invariants import violations
from hall_queue.domain.sessions import zone
from hall_queue.domain.state import QueueState, Ticket
from hall_queue.domain.testing import (
    CLERK,
    DAY,
    DECIDERS,
    HALL,
    MANAGER,
    OPEN_ALWAYS,
    PlayedHall,
    setup,
)
from hall_queue.domain.view import touched

WINDOWS = st.integers(1, 4)
QUEUES = st.sampled_from("HSB")
CLERKS = st.sampled_from(["1001", "1002", "1003", "2001", "2002", "nobody"])
LIMITS = st.sampled_from([None, 5, 20])
ACTORS = st.sampled_from([CLERK, CLERK, CLERK, MANAGER])
STAFF = Audience("staff")
OTHERS = (Audience("public"), Audience("pad", 1))


class QueueMachine(RuleBasedStateMachine):
    @initialize(
        every=st.integers(1, 3),
        missed=st.sampled_from(["parked", "void"]),
        sessions=st.booleans(),
        people=st.lists(st.tuples(QUEUES, st.sampled_from([None, 70])), max_size=12),
    )
    def a_hall(
        self, every: int, missed: Any, sessions: bool, people: list[tuple[str, int | None]]
    ) -> None:
        chosen = msgspec.structs.replace(
            OPEN_ALWAYS,
            greens_after_ordinary=every,
            missed_ticket=missed,
            no_show_wait=False,
            week=dict.fromkeys(range(1, 8), DAY) if sessions else OPEN_ALWAYS.week,
        )
        self.hall = PlayedHall(setup(chosen))
        self.hall.careful = True
        for window in (1, 3):
            self.hall.do(commands.Open(window=window, clerk=f"100{window}"))
        for queue, age in [("H", None), ("H", None), ("H", 70), ("S", None), *people]:
            self.hall.issue(queue, age=age)
        self.given: Counter[tuple[str, str]] = Counter()
        self.issued: set[str] = set()
        self.since_green: dict[int, int] = {}
        self.parts = self._rendered()
        self.seen = 0
        self.replay = QueueState()

    @property
    def state(self) -> QueueState:
        return self.hall.state

    # --- asking ----------------------------------------------------------------------------

    def ask(self, command: Command, actor: Actor = CLERK) -> None:
        before = (
            self._next_calls(command.window) if isinstance(command, commands.CallNext) else None
        )
        try:
            events = self.hall.do(command, actor)
        except (Conflict, Invalid, NotFound) as refused:
            self._polite(refused)
            return
        self.all_is_well()
        self.records_tell_everything()
        if before is not None:
            for event in events:
                assert isinstance(event, TicketCalled)
                self._fair(event, *before)

    def _polite(self, refused: HallError) -> None:
        assert refused.detail.endswith("。"), refused.detail
        assert refused.code
        assert isinstance(refused, Invalid) == bool(refused.errors)

    def _next_calls(self, window: int) -> tuple[set[str], set[str]]:
        """Who waits in the level that is called next: ordinary people and greens."""
        post = self.state.posts[window]
        for ordinary, greens in order._levels(self.state, post):
            people = {ticket_id for lane, _ in ordinary for _, ticket_id in lane}
            green = {ticket_id for lane, _ in greens for _, ticket_id in lane}
            if people or green:
                return people, green
        return set(), set()

    def _fair(self, event: TicketCalled, ordinary: set[str], greens: set[str]) -> None:
        """N ordinary people are called between two greens, but for greens who came first."""
        assert event.ticket_id in ordinary | greens
        every = self.state.settings.greens_after_ordinary
        since = self.since_green.get(event.window, every)
        first = min(self.state.tickets[one].place for one in ordinary) if ordinary else None
        came_first = {
            one for one in greens if first is None or self.state.tickets[one].place < first
        }
        if event.ticket_id in greens:
            assert event.ticket_id in came_first or since >= every
            self.since_green[event.window] = 0
        else:
            assert not came_first
            assert not greens or since < every
            self.since_green[event.window] = since + 1

    # --- choosing --------------------------------------------------------------------------

    def _some(self, data: st.DataObject, *states: str) -> Ticket | None:
        found = [t for t in self.state.tickets.values() if not states or t.state in states]
        return data.draw(st.sampled_from(found)) if found else None

    def _id(self, data: st.DataObject, *states: str) -> str:
        ticket = self._some(data, *states)
        return ticket.ticket_id if ticket else "nobody"

    def _number(self, data: st.DataObject, *states: str) -> str:
        ticket = self._some(data, *states)
        return ticket.number if ticket else "H999"

    def _window(self, data: st.DataObject, *states: str) -> int:
        """Mostly a window in one of these states, so that runs get somewhere; any other, too."""
        fitting = [n for n, post in self.state.posts.items() if post.state in states]
        mostly = data.draw(st.integers(0, 4)) > 0
        return data.draw(st.sampled_from(fitting) if fitting and mostly else WINDOWS)

    # --- tickets ---------------------------------------------------------------------------

    @rule(
        queue=QUEUES,
        times=st.integers(1, 3),
        age=st.sampled_from([None, None, 70]),
        priority=st.sampled_from(["normal", "green"]),
        holder=st.sampled_from([None, None, "p1", "p2"]),
        channel=st.sampled_from(["kiosk", "guide_desk"]),
    )
    def issue(
        self,
        queue: str,
        times: int,
        age: int | None,
        priority: str,
        holder: str | None,
        channel: Any,
    ) -> None:
        for _ in range(times):
            self.ask(
                commands.IssueTicket(
                    ticket_id=f"t{len(self.hall.records)}",
                    queue=queue,
                    age=age,
                    priority=priority,
                    holder=holder,
                    channel=channel,
                )
            )

    @rule(service=st.sampled_from(["id_card", "pension", "senior_card", "passport"]))
    def issue_for_a_service(self, service: str) -> None:
        self.ask(commands.IssueTicket(ticket_id=f"t{len(self.hall.records)}", service=service))

    @rule(queue=QUEUES, comes=st.booleans())
    def book(self, queue: str, comes: bool) -> None:
        key = f"a{len(self.hall.records)}"
        start = (self.hall.now + timedelta(minutes=5)).astimezone(zone(HALL.timezone))
        self.ask(
            commands.MakeAppointment(
                appointment_id=key,
                queue=queue,
                day=f"{start:%Y-%m-%d}",
                start=f"{start:%H:%M}",
            )
        )
        if key not in self.state.appointments:
            return
        if comes:
            ticket_id = f"t{len(self.hall.records)}"
            self.ask(commands.IssueTicket(ticket_id=ticket_id, appointment=key))
        else:
            self.ask(commands.CancelAppointment(appointment_id=key))

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.ask(commands.CancelTicket(ticket_id=self._id(data)))

    @rule(data=st.data())
    def requeue(self, data: st.DataObject) -> None:
        parked = [t.ticket_id for t in self.state.tickets.values() if t.parked]
        chosen = data.draw(st.sampled_from(parked)) if parked else self._id(data, "no_show")
        self.ask(commands.RequeueTicket(ticket_id=chosen))

    @rule(data=st.data(), queue=QUEUES)
    def exchange(self, data: st.DataObject, queue: str) -> None:
        ticket_id = self._id(data, "waiting", "no_show", "held")
        self.ask(commands.ExchangeTicket(ticket_id=ticket_id, queue=queue))

    @rule(data=st.data(), queue=st.none() | QUEUES, window=st.none() | WINDOWS)
    def move(self, data: st.DataObject, queue: str | None, window: int | None) -> None:
        ticket_id = self._id(data, "waiting", "held")
        self.ask(commands.MoveTicket(ticket_id=ticket_id, to_queue=queue, to_window=window))

    @rule(data=st.data(), granted=st.booleans())
    def verify_green(self, data: st.DataObject, granted: bool) -> None:
        pending = [
            t.ticket_id
            for t in self.state.tickets.values()
            if t.priority == "green_pending" and t.state == "waiting"
        ]
        ticket_id = data.draw(st.sampled_from(pending)) if pending else "nobody"
        self.ask(commands.VerifyGreen(ticket_id=ticket_id, granted=granted))

    @rule(queue=st.sampled_from([None, "H", "S", "B", "Q"]), really=st.integers(0, 2))
    def expire_waiting(self, queue: str | None, really: int) -> None:
        if not really:  # seldom: it empties the hall
            self.ask(commands.ExpireWaiting(queue=queue), MANAGER)

    @rule(queue=QUEUES, beyond=st.integers(-2, 3))
    def record_paper(self, queue: str, beyond: int) -> None:
        number = self.state.lines[queue].issued + beyond
        ticket_id = f"p{len(self.hall.records)}"
        entry = PaperEntry(ticket_id=ticket_id, number=f"{queue}{number:03d}", minutes=5.0)
        self.ask(commands.RecordPaper(queue=queue, entries=(entry,)), MANAGER)

    # --- windows ---------------------------------------------------------------------------

    @rule(data=st.data(), clerk=CLERKS)
    def open(self, data: st.DataObject, clerk: str) -> None:
        window = self._window(data, "closed")
        self.ask(commands.Open(window=window, clerk=clerk))

    @rule(window=WINDOWS)
    def open_and_call(self, window: int) -> None:
        self.ask(commands.Open(window=window, clerk=f"100{window}"))
        self.ask(commands.CallNext(window=window))

    @rule(window=WINDOWS, actor=ACTORS)
    def close(self, window: int, actor: Actor) -> None:
        self.ask(commands.Close(window=window), actor)

    @rule(data=st.data(), clerk=CLERKS)
    def sign_in(self, data: st.DataObject, clerk: str) -> None:
        window = self._window(data, "open", "calling", "serving", "away")
        self.ask(commands.SignIn(window=window, clerk=clerk))

    @rule(data=st.data(), clerk=CLERKS)
    def sign_out(self, data: st.DataObject, clerk: str) -> None:
        window = self._window(data, "open", "calling", "serving", "away")
        clerk = next(iter(self.state.posts[window].signed_in), clerk)
        self.ask(commands.SignOut(window=window, clerk=clerk))

    @rule(data=st.data(), clerk=CLERKS)
    def handover(self, data: st.DataObject, clerk: str) -> None:
        window = self._window(data, "open", "calling", "serving", "away")
        self.ask(commands.Handover(window=window, clerk=clerk))

    @rule(data=st.data(), covered=WINDOWS)
    def cover(self, data: st.DataObject, covered: int) -> None:
        window = self._window(data, "open", "calling", "serving")
        self.ask(commands.Cover(window=window, covered=covered))

    @rule(window=WINDOWS, covered=WINDOWS)
    def uncover(self, window: int, covered: int) -> None:
        covers = {n: post.covers for n, post in self.state.posts.items() if post.covers}
        window = window if window in covers else next(iter(covers), window)
        self.ask(commands.Uncover(window=window, covered=covers.get(window, covered)))

    @rule(window=WINDOWS, times=st.integers(1, 4))
    def serve_some(self, window: int, times: int) -> None:
        """The usual work, so that runs get somewhere."""
        for _ in range(times):
            self.ask(commands.CallNext(window=window))
            self.ask(commands.Start(window=window))
            self.ask(commands.Finish(window=window))

    @rule(data=st.data())
    def call_next(self, data: st.DataObject) -> None:
        window = self._window(data, "open")
        self.ask(commands.CallNext(window=window))

    @rule(data=st.data())
    def call_specific(self, data: st.DataObject) -> None:
        window = self._window(data, "open")
        number = self._number(data)
        self.ask(commands.CallSpecific(window=window, number=number, reason="赶火车"))

    @rule(data=st.data())
    def recall(self, data: st.DataObject) -> None:
        window = self._window(data, "calling")
        self.ask(commands.Recall(window=window))

    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        window = self._window(data, "calling")
        self.ask(commands.Start(window=window))

    @rule(data=st.data(), next_queue=st.sampled_from([None, None, "S", "H", "Q"]))
    def finish(self, data: st.DataObject, next_queue: str | None) -> None:
        window = self._window(data, "serving")
        self.ask(commands.Finish(window=window, next_queue=next_queue))

    @rule(data=st.data())
    def no_show(self, data: st.DataObject) -> None:
        window = self._window(data, "calling")
        self.ask(commands.NoShow(window=window))

    @rule(data=st.data(), queue=st.sampled_from([None, "H", "S", "B"]), to=WINDOWS)
    def transfer(self, data: st.DataObject, queue: str | None, to: int) -> None:
        window = self._window(data, "calling", "serving")
        to_window = None if queue else to
        self.ask(commands.Transfer(window=window, to_queue=queue, to_window=to_window))

    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        window = self._window(data, "calling", "serving")
        self.ask(commands.Hold(window=window, note="n1"))

    @rule(data=st.data(), elsewhere=st.integers(0, 3))
    def unhold(self, data: st.DataObject, elsewhere: int) -> None:
        held = self._some(data, "held")
        window = self._window(data, "open")
        if held is not None and held.window is not None and elsewhere:
            window = self.state.posts[held.window].covered_by or held.window
        number = held.number if held is not None else "H999"
        self.ask(commands.Unhold(window=window, number=number))

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        window = self._window(data, "open")
        self.ask(commands.Undo(window=window))

    @rule(
        data=st.data(),
        minutes=st.sampled_from([10, 60, 600]),
        backup=st.sampled_from([None, "2001", "2002"]),
        actor=ACTORS,
    )
    def leave(self, data: st.DataObject, minutes: int, backup: str | None, actor: Actor) -> None:
        window = self._window(data, "open", "serving")
        backup = backup or next(iter(self.state.posts[window].signed_in), None)
        back = self.hall.now + timedelta(minutes=minutes)
        command = commands.Leave(
            window=window, reason="会议", expected_return=back, backup_clerk=backup
        )
        self.ask(command, actor)

    @rule(data=st.data(), actor=ACTORS, who=st.one_of(st.none(), CLERKS))
    def come_back(self, data: st.DataObject, actor: Actor, who: str | None) -> None:
        with_notice = [n for n, post in self.state.posts.items() if post.absence is not None]
        window = data.draw(st.sampled_from(with_notice) if with_notice else WINDOWS)
        self.ask(commands.Return(window=window, clerk=who), actor)

    # --- what belongs together, so that it happens often enough -------------------------------

    def _calling(self, data: st.DataObject) -> int:
        window = self._window(data, "open", "calling")
        self.ask(commands.CallNext(window=window))
        return window

    def _at(self, window: int) -> str:
        return self.state.posts[window].ticket or "nobody"

    @rule(data=st.data(), seconds=st.sampled_from([0, 3, 6]), finish=st.booleans())
    def slip_and_undo(self, data: st.DataObject, seconds: int, finish: bool) -> None:
        window = self._calling(data)
        self.ask(commands.Recall(window=window))
        if finish:
            self.ask(commands.Start(window=window))
            next_queue = data.draw(st.sampled_from([None, "S"]))
            self.ask(commands.Finish(window=window, next_queue=next_queue))
        else:
            self.ask(commands.NoShow(window=window))
        self.hall.pass_time(seconds=seconds)
        self.ask(commands.Undo(window=window))

    @rule(data=st.data(), serve=st.booleans(), seconds=st.sampled_from([0, 90]))
    def hold_and_unhold(self, data: st.DataObject, serve: bool, seconds: int) -> None:
        window = self._calling(data)
        if serve:
            self.ask(commands.Start(window=window))
        ticket = self.state.tickets.get(self._at(window))
        self.ask(commands.Hold(window=window))
        self.hall.pass_time(seconds=seconds)
        if ticket is not None:
            self.ask(commands.Unhold(window=window, number=ticket.number))

    @rule(data=st.data())
    def miss_and_turn_up(self, data: st.DataObject) -> None:
        window = self._calling(data)
        ticket_id = self._at(window)
        self.ask(commands.NoShow(window=window))
        self.ask(commands.RequeueTicket(ticket_id=ticket_id))

    @rule(data=st.data(), serve=st.booleans(), too=st.booleans())
    def leave_to_a_b_clerk(self, data: st.DataObject, serve: bool, too: bool) -> None:
        window = self._calling(data) if serve else self._window(data, "open")
        backup = data.draw(st.sampled_from(["2001", "2002"]))
        self.ask(commands.SignIn(window=window, clerk=backup))
        back = self.hall.now + timedelta(minutes=30)
        leave = commands.Leave(window=window, reason="送件", expected_return=back)
        for beside in [backup, None][: 1 + too]:
            self.ask(msgspec.structs.replace(leave, backup_clerk=beside))

    @rule(data=st.data(), actor=ACTORS)
    def transfer_to_a_window_that_closes(self, data: st.DataObject, actor: Actor) -> None:
        window, other = self._calling(data), self._window(data, "open", "away")
        self.ask(commands.Transfer(window=window, to_window=other))
        self.ask(commands.Close(window=other), actor)

    @rule(data=st.data())
    def leave_and_be_covered(self, data: st.DataObject) -> None:
        window, neighbour = self._window(data, "open"), self._window(data, "open", "serving")
        back = self.hall.now + timedelta(hours=8)
        self.ask(commands.Leave(window=window, reason="请假", expected_return=back))
        self.ask(commands.Cover(window=neighbour, covered=window))

    @rule(queue=QUEUES, granted=st.booleans())
    def claim_and_verify(self, queue: str, granted: bool) -> None:
        ticket_id = f"t{len(self.hall.records)}"
        self.ask(commands.IssueTicket(ticket_id=ticket_id, queue=queue, priority="green"))
        self.ask(commands.VerifyGreen(ticket_id=ticket_id, granted=granted))

    # --- around the windows ----------------------------------------------------------------

    @rule(data=st.data(), what=st.sampled_from(["window", "queue", "come and go"]))
    def change_setup(self, data: st.DataObject, what: str) -> None:
        if what == "window":
            self._change_a_window(data)
        elif what == "queue":
            queue = Queue(prefix=data.draw(QUEUES), name="新名", daily_limit=data.draw(LIMITS))
            self.ask(commands.ChangeSetup(queues=(queue,)), MANAGER)
        else:
            self._replace_a_window(data.draw(WINDOWS))
            self._replace_queue_b()
            self._replace_a_clerk(data.draw(CLERKS))

    def _change_a_window(self, data: st.DataObject) -> None:
        queues = data.draw(st.lists(QUEUES, unique=True, max_size=3))
        level = data.draw(st.integers(1, 2))
        served = tuple(
            ServedQueue(prefix=queue, priority=1 if at else level)
            for at, queue in enumerate(queues)
        )
        changed = Window(number=data.draw(WINDOWS), name="新窗口", queues=served, phone="8")
        self.ask(commands.ChangeSetup(windows=(changed,)), MANAGER)

    def _replace_a_window(self, window: int) -> None:
        post = self.state.posts[window]
        self.ask(commands.ChangeSetup(removed_windows=(window,)), MANAGER)
        self.ask(commands.ChangeSetup(windows=(post.setup,)), MANAGER)
        if self.state.posts[window] is not post:
            self.since_green.pop(window, None)

    def _replace_queue_b(self) -> None:
        """Queue B goes, and comes back the same day."""
        others = tuple(
            msgspec.structs.replace(
                post.setup, queues=tuple(q for q in post.setup.queues if q.prefix != "B")
            )
            for post in self.state.posts.values()
        )
        gone = commands.ChangeSetup(
            windows=others, removed_queues=("B",), removed_services=("senior_card",)
        )
        self.ask(gone, MANAGER)
        back = commands.ChangeSetup(
            queues=(Queue(prefix="B", name="民政"),),
            services=(Service(id="senior_card", name="老年优待证", prefix="B", green=True),),
        )
        self.ask(back, MANAGER)

    def _replace_a_clerk(self, clerk: str) -> None:
        self.ask(commands.ChangeSetup(removed_clerks=(clerk,)), MANAGER)
        if clerk not in self.state.clerks and clerk != "nobody":
            self.ask(commands.ChangeSetup(clerks=(Clerk(clerk_no=clerk, name="新人"),)), MANAGER)

    @rule(data=st.data())
    def rate(self, data: st.DataObject) -> None:
        ticket = self._some(data, "finished")
        if ticket is not None and ticket.window is not None:
            rating = EvaluationRecorded(
                ticket_id=ticket.ticket_id,
                number=ticket.number,
                window=ticket.window,
                clerk="1001",
                level="satisfied",
            )
            self.hall.record([rating])

    @rule(minutes=st.sampled_from([0.02, 1, 5, 45, 150]))
    def time_passes(self, minutes: float) -> None:
        self.hall.pass_time(minutes=minutes)

    @precondition(lambda self: len(self.hall.records) > 30)
    @rule()
    def midnight(self) -> None:
        self.hall.pass_time(hours=24)

    # --- always ----------------------------------------------------------------------------

    @invariant()
    def all_is_well(self) -> None:
        assert list(violations(self.state)) == []

    @invariant()
    def records_tell_everything(self) -> None:
        """Numbers once a day, tickets never lost, screens told, and replay gives the same."""
        named = set()
        for record in self.hall.records[self.seen :]:
            event = record.event
            if isinstance(event, TicketIssued):
                self.given[event.day, event.number] += 1
                self.issued.add(event.ticket_id)
            elif isinstance(event, TicketExchanged) and event.number != event.old_number:
                self.given[self.state.day, event.number] += 1
            elif isinstance(event, TicketsRecorded):
                for entry in event.entries:
                    self.given[event.day, entry.number] += 1
            named |= set(touched(self.state, record))
        for record in self.hall.records[self.seen :]:
            apply(self.replay, record)
        self.seen = len(self.hall.records)
        assert max(self.given.values(), default=1) == 1
        now = self._rendered()
        for part, body in now.items():
            if self.parts.get(part) != body:
                assert part in named or (part[0], None) in named, part
        self.parts = now

    @invariant()
    def replay_gives_the_same_state(self) -> None:
        encoded = msgspec.json.encode(self.state)
        assert msgspec.json.encode(self.replay) == encoded
        assert msgspec.json.decode(encoded, type=QueueState) == self.state

    @invariant()
    def everything_can_be_shown(self) -> None:
        for audience in OTHERS:  # staff's parts are rendered after every command
            for name in view.PARTS:
                view.render(self.state, (name, None), audience)
        for ticket in self.state.tickets.values():
            shown = view.ticket_view(self.state, ticket)
            assert shown.get("ahead", 0) >= 0
        for number in self.state.posts:
            called = [entry["ticket_id"] for entry in view.line_view(self.state, number, 1000)]
            assert len(called) == len(set(called))

    def _rendered(self) -> dict[tuple[str, Any], bytes]:
        parts: list[tuple[str, Any]] = [("windows", number) for number in self.state.posts]
        parts += [("queues", prefix) for prefix in self.state.lines]
        parts += [("services", None), ("setup", None)]
        return {part: msgspec.json.encode(view.render(self.state, part, STAFF)) for part in parts}

    def teardown(self) -> None:
        if hasattr(self, "hall"):
            assert self.hall.replayed() == self.state


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=60, stateful_step_count=50)


def test_every_command_has_a_rule() -> None:
    source = inspect.getsource(QueueMachine)
    missing = [kind.__name__ for kind in DECIDERS if f"commands.{kind.__name__}(" not in source]
    assert missing == []
