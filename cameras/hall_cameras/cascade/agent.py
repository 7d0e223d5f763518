"""One upper platform's side of us, without sockets: bytes in, effects out, time passed in.

agent = Agent(upper, clock)
agent.start(now)
agent.received(message, path, now)    agent.tick(now)    agent.due()
for effect in agent.take(): ...       # Send, Open, Begin, End, Turn, Told
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from hall_cameras.cascade import directory as catalogue
from hall_cameras.cascade import manscdp, queries
from hall_cameras.cascade.alarms import Notice
from hall_cameras.cascade.calls import Calls
from hall_cameras.cascade.directory import Directory
from hall_cameras.cascade.manscdp import BadBody
from hall_cameras.cascade.registration import Registration
from hall_cameras.cascade.sip import BadMessage, Message, response, uri
from hall_cameras.cascade.subscriptions import Subscription, Subscriptions
from hall_cameras.cascade.transactions import Path, Transactions
from hall_cameras.cascade.upper import GB_VERSION, Effect, Line, Told, Upper, new_tag

ALLOWED = "INVITE, ACK, BYE, CANCEL, MESSAGE, SUBSCRIBE, INFO, OPTIONS"
SERIES_MAX = 16  # answers of several packets that wait for their turn
ALARMS_MAX = 8  # the rest of them is for what it asks
BEIJING = timezone(timedelta(hours=8))  # all of GB/T 28181's times are Beijing's


class _Series(NamedTuple):
    """Messages that go one after the other, each when the one before was answered."""

    messages: Iterator[Message]
    alert_id: str = ""  # what they tell of


class Agent:
    """`directory` is what the platform may see; replace it with `show`."""

    def __init__(self, upper: Upper, clock: Callable[[], datetime]) -> None:
        self.upper = upper
        self._effects: list[Effect] = []
        self.line = Line(upper, clock, self._effects.append)
        self.transactions = Transactions(self._effects.append)
        self.registration = Registration(self.line, self.transactions)
        self.calls = Calls(self.line, self.transactions)
        self.subscriptions = Subscriptions(self.line)
        self.directory = Directory(())
        self._series: deque[_Series] = deque()
        self._sending: _Series | None = None  # whose message is not answered yet

    def take(self) -> list[Effect]:
        """What is to be done, in order."""
        taken, self._effects[:] = list(self._effects), []
        return taken

    # --- life ----------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        self.registration.start(now)
        self.tick(now)

    def leave(self, now: float) -> None:
        """Hang up and sign off."""
        self.calls.end_all(now)
        self.subscriptions.clear()
        self._series.clear()
        self.registration.leave(now)

    def due(self) -> float | None:
        times = (self.transactions.due(), self.registration.due(), self.calls.due())
        known = [at for at in times if at is not None]
        return min(known) if known else None

    def tick(self, now: float) -> None:
        self.transactions.tick(now)
        self.registration.tick(now)
        self.calls.tick(now)
        self._look(now)

    def lost(self, connection: int, now: float) -> None:
        """A TCP connection has ended."""
        self.calls.moved(connection)
        self.transactions.lost(connection, now)
        if connection == 0 and self.registration.state == "online":
            self.registration.again(now)  # behind NAT it reaches us by this connection only
        self._look(now)

    def _look(self, now: float) -> None:
        """A platform that is not there any more watches nothing."""
        if self.registration.changed:
            self.registration.changed = False
            if self.registration.state != "online":
                self.calls.lost(now)
                self.subscriptions.clear()
                self._series.clear()

    # --- what comes ----------------------------------------------------------------------------

    def received(self, message: Message, path: Path, now: float) -> None:
        """A message from the platform's address."""
        if not message.is_request:
            self.line.note(message, sent=False)
            self.transactions.answered(message, now)
            self._look(now)
            return
        if message.method == "ACK":
            self.line.note(message, sent=False)
            self.calls.ack(message)
            return
        if self.transactions.seen(message, path, now):
            return
        self.line.note(message, sent=False)
        self.transactions.begin(message, now)
        registered = self.registration.state == "online" or message.method == "OPTIONS"
        if not (self.named_by(message) and registered):
            self._respond(message, 403, path, now)
            return
        handle = {
            "INVITE": lambda: self.calls.invite(message, path, self.directory, now),
            "BYE": lambda: self.calls.bye(message, path, now),
            "CANCEL": lambda: self.calls.cancel(message, path, now),
            "MESSAGE": lambda: self._message(message, path, now),
            "SUBSCRIBE": lambda: self._subscribe(message, path, now),
            # Of a recording that is played back: there is none.
            "INFO": lambda: self._respond(
                message, 200 if message.call_id in self.calls.sessions else 481, path, now
            ),
            "OPTIONS": lambda: self._respond(message, 200, path, now),
        }.get(message.method)
        if handle is None:
            self._respond(message, 405, path, now)
        else:
            handle()

    def named_by(self, message: Message) -> bool:
        """Whether a request says that it is the platform's: nobody else may ask."""
        try:
            return uri(message.get("from")).user == self.upper.server_id
        except BadMessage:
            return False

    def _respond(self, request: Message, status: int, path: Path, now: float) -> None:
        headers = [("x-gb-ver", GB_VERSION[self.upper.version])]
        if status == 405 or request.method == "OPTIONS":
            headers.append(("allow", ALLOWED))
        answer = response(request, status, new_tag(), headers)
        self.line.note(answer, sent=True)
        self.transactions.respond(request, answer, path, now)

    # --- MESSAGE -------------------------------------------------------------------------------

    def _message(self, message: Message, path: Path, now: float) -> None:
        if message.content_type != manscdp.CONTENT_TYPE.lower():
            self._respond(message, 415, path, now)
            return
        try:
            body = manscdp.read(message.body)
        except BadBody:
            self._respond(message, 400, path, now)
            return
        local = self.line.clock().astimezone(BEIJING)
        reply = queries.reply(body, self.upper, self.directory, local, self.line.body_max)
        if reply.status == 200 and len(self._series) >= SERIES_MAX:
            self._respond(message, 486, path, now)
            return
        self._respond(message, reply.status, path, now)
        self._effects += reply.effects
        self._queue(_Series(self.line.message(made) for made in reply.bodies), now)

    def _queue(self, series: _Series, now: float) -> None:
        if len(self._series) < SERIES_MAX:
            self._series.append(series)
        else:
            self.line.say("上级平台应答太慢，一条通知没有发出 (a notice was left out)")
        self._advance(now)

    def _advance(self, now: float) -> None:
        while self._series and self._sending is None:
            message = next(self._series[0].messages, None)
            if message is None:
                self._over(self._series[0])
                continue
            self._sending = self._series[0]
            self.line.note(message, sent=True)
            path = self.line.main
            self.transactions.request(message, path, now, self._sent)

    def _sent(self, answer: Message | None, now: float) -> None:
        series, self._sending = self._sending, None
        well = answer is not None and answer.status < 300
        if not well and series is not None and series in self._series:
            self._over(series, heard=answer is not None)  # the rest of it would be for nobody
        if answer is not None and answer.status == 481:
            self.subscriptions.forget(answer.call_id)
        self._advance(now)

    def _over(self, series: _Series, heard: bool = True) -> None:
        self._series.remove(series)
        if series.alert_id and heard:
            self._effects.append(Told(series.alert_id))

    # --- telling -------------------------------------------------------------------------------

    def _subscribe(self, message: Message, path: Path, now: float) -> None:
        try:
            known = self.directory.get(manscdp.read(message.body).device) is not None
        except BadBody:
            known = False
        answer = self.subscriptions.subscribe(message, known, now)
        self.line.note(answer, sent=True)
        self.transactions.respond(message, answer, path, now)

    def show(self, directory: Directory, now: float) -> None:
        """The platform may see this from now on; subscribers hear what is different."""
        old, self.directory = self.directory, directory
        cameras = [node for node in directory.nodes if node.kind == "camera"]
        self.registration.faulty = [node.id for node in cameras if not node.online]
        shown = {node.id for node in cameras}
        for session in list(self.calls.sessions.values()):
            if session.channel not in shown:
                self.calls.hang_up(session.call_id, now)
        changes = directory.changes(old)
        if not changes or not old.nodes:
            return
        for subscription in self.subscriptions.to("Catalog", now):
            within = {
                node.id
                for node in (*old.below(subscription.scope), *directory.below(subscription.scope))
            }
            told = [entry for entry in changes if entry[1].id in within]
            if told:
                self._queue(_Series(self._notices(subscription, told, now)), now)

    def _notices(
        self,
        subscription: Subscription,
        told: Iterable[tuple[catalogue.Change, catalogue.Node]],
        now: float,
    ) -> Iterator[Message]:
        version = self.upper.version
        for children in catalogue.notices(told, version, self.line.body_max):
            body = manscdp.write(
                "Notify", "Catalog", subscription.sn, subscription.scope, children, version
            )
            yield self.subscriptions.notify(subscription, body, now)

    def alarm(self, alert_id: str, channel: str, notice: Notice, now: float) -> None:
        """Tell of an alert: those who subscribed, else by MESSAGE (GB/T 28181, 9.4). `Told` says
        when that is done. Nothing happens while the platform is not there, has too much before it,
        or is being told of this one: ask again later."""
        if self.registration.state != "online" or len(self._series) >= ALARMS_MAX:
            return
        if any(series.alert_id == alert_id for series in self._series):
            return
        local = notice.at.astimezone(BEIJING)
        body = queries.alarm(self.upper, self.registration.next_sn(), channel, local, notice)
        subscribed = [
            subscription
            for subscription in self.subscriptions.to("Alarm", now)
            if any(node.id == channel for node in self.directory.below(subscription.scope))
        ]
        if subscribed:
            made = [self.subscriptions.notify(s, body, now) for s in subscribed]
        else:
            made = [self.line.message(body)]
        self._queue(_Series(iter(made), alert_id), now)
