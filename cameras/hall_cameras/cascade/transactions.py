"""SIP transactions without I/O: our requests are sent again until they are answered, theirs are
answered again with what was said the first time. Time is monotonic seconds, passed in."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from hall_cameras.cascade.sip import Message

T1 = 0.5
T2 = 4.0
TIMEOUT = 32.0  # 64 x T1
CACHE_MAX = 512
PENDING_MAX = 256
BYES_MAX = 192  # hanging up on a flood must leave room for keepalives
REFUSALS_MAX = 64


class Path(NamedTuple):
    """How a message came, or goes. `connection` tells TCP connections apart; 0 is the one that we
    dial ourselves."""

    kind: Literal["udp", "tcp"]
    host: str
    port: int
    connection: int = 0


class Send(NamedTuple):
    """To be sent as it is."""

    data: bytes
    path: Path


Done: TypeAlias = Callable[[Message | None, float], None]
"""Called with the final response, or None when none came, and the time."""


class _Pending(msgspec.Struct, kw_only=True):
    data: bytes
    path: Path
    done: Done
    again_at: float
    interval: float
    ends_at: float


class Transactions:
    """Of one upper platform. What is to be sent goes to `send`."""

    def __init__(self, send: Callable[[Send], None]) -> None:
        self._send = send
        self._pending: dict[tuple[str, str], _Pending] = {}
        self._refusals: dict[tuple[str, str], _Pending] = {}  # of INVITEs, until acknowledged
        self._answered: OrderedDict[tuple[str, str, str], tuple[float, bytes]] = OrderedDict()

    # --- ours ----------------------------------------------------------------------------------

    def request(self, message: Message, path: Path, now: float, done: Done) -> None:
        """Send a request that has a Via with a branch of `new_branch`."""
        data = message.encode()
        self._send(Send(data, path))
        if len(self._pending) >= (BYES_MAX if message.method == "BYE" else PENDING_MAX):
            done(None, now)  # said once, and not waited for
        else:
            self._pending[message.branch, message.method] = _pending(data, path, now, done)

    def awaits(self, response: Message) -> bool:
        """Whether a response is to a request of ours that waits."""
        return (response.branch, response.cseq[1]) in self._pending

    def answered(self, response: Message, now: float) -> None:
        """A response came; a provisional one only stops the request from being sent again."""
        key = (response.branch, response.cseq[1])
        pending = self._pending.get(key)
        if pending is None:
            return
        if response.status < 200:
            pending.again_at = pending.ends_at
            return
        del self._pending[key]
        pending.done(response, now)

    def lost(self, connection: int, now: float) -> None:
        """A TCP connection is gone: nothing more comes over it."""
        for key, pending in list(self._pending.items()):
            if pending.path.kind == "tcp" and pending.path.connection == connection:
                self._pending.pop(key, None)
                pending.done(None, now)

    # --- theirs --------------------------------------------------------------------------------

    def seen(self, request: Message, path: Path, now: float) -> bool:
        """Whether this request came before; then it is answered as before."""
        known = self._answered.get(request.transaction)
        if known is None:
            return False
        if known[1]:
            self._send(Send(known[1], path))
        return True

    def begin(self, request: Message, now: float) -> None:
        """A request came: until it is answered, its retransmissions are dropped."""
        self._keep(request, b"", now)

    def respond(self, request: Message, response: Message, path: Path, now: float) -> None:
        data = response.encode()
        self._keep(request, data, now)
        self._send(Send(data, path))
        refused = request.method == "INVITE" and response.status >= 300 and path.kind == "udp"
        if refused and len(self._refusals) < REFUSALS_MAX:
            key = (request.branch, request.call_id)
            self._refusals[key] = _pending(data, path, now, lambda answer, at: None)

    def acknowledged(self, ack: Message) -> bool:
        """Whether an ACK is to a refusal of ours (RFC 3261, 17.2.1), which is not repeated then."""
        return self._refusals.pop((ack.branch, ack.call_id), None) is not None

    def _keep(self, request: Message, data: bytes, now: float) -> None:
        key = request.transaction
        self._answered[key] = (now + TIMEOUT, data)
        self._answered.move_to_end(key)
        while len(self._answered) > CACHE_MAX:
            self._answered.popitem(last=False)

    # --- time ----------------------------------------------------------------------------------

    def due(self) -> float | None:
        """When `tick` has something to do."""
        waiting = (*self._pending.values(), *self._refusals.values())
        times = [min(p.again_at, p.ends_at) for p in waiting]
        return min(times) if times else None

    def tick(self, now: float) -> None:
        for kept in (self._pending, self._refusals):
            for key, pending in list(kept.items()):
                if now >= pending.ends_at:
                    kept.pop(key, None)
                    pending.done(None, now)
                elif now >= pending.again_at:
                    pending.interval = min(pending.interval * 2, T2)
                    pending.again_at = now + pending.interval
                    self._send(Send(pending.data, pending.path))
        while self._answered:
            first = next(iter(self._answered))
            if self._answered[first][0] > now:
                break
            del self._answered[first]

    @property
    def waiting(self) -> int:
        """Requests of ours that are not answered yet."""
        return len(self._pending)


def _pending(data: bytes, path: Path, now: float, done: Done) -> _Pending:
    again_at = now + (T1 if path.kind == "udp" else TIMEOUT)
    return _Pending(
        data=data, path=path, done=done, again_at=again_at, interval=T1, ends_at=now + TIMEOUT
    )


def new_branch() -> str:
    return "z9hG4bK" + secrets.token_hex(8)
