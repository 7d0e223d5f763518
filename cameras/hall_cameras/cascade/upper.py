"""One upper platform: how it is set up, how to speak to it, what comes of it. Pure."""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from hall_cameras.cascade.manscdp import CONTENT_TYPE, Version
from hall_cameras.cascade.masking import masked
from hall_cameras.cascade.sdp import Offer
from hall_cameras.cascade.sip import REASONS, Message, Uri
from hall_cameras.cascade.transactions import Path, Send, new_branch

GB_VERSION: dict[Version, str] = {"2016": "2.0", "2022": "3.0"}
LOG_MAX = 200  # entries
_COMMAND = re.compile(rb"<CmdType>\s*([A-Za-z]{1,32})")
LOG_TEXT_MAX = 4000  # characters of one
UDP_BODY_MAX = 850  # bytes of items: with all around them below a datagram of Ethernet
TCP_BODY_MAX = 32_000


class Upper(msgspec.Struct, frozen=True, kw_only=True):
    """An upper platform as a person set it up. `password` is never shown or logged."""

    name: str
    server_id: str
    server_domain: str
    host: str
    port: int = 5060
    transport: Literal["udp", "tcp"] = "udp"
    device_id: str  # what we are to it
    device_domain: str
    username: str
    password: str = ""
    version: Version = "2022"
    expires_s: int = 86_400
    keepalive_s: int = 60
    local_port: int = 5060
    sessions_max: int = 16
    ptz: bool = False

    def __repr__(self) -> str:
        return f"Upper({self.name!r})"

    @property
    def main(self) -> Path:
        """How we speak to it first."""
        return Path(self.transport, self.host, self.port)


class Open(NamedTuple):
    """A session was asked for: find its camera and a socket, then `media_opened`."""

    call_id: str
    channel: str
    offer: Offer
    ssrc: str


class Begin(NamedTuple):
    """The peer is ready: send."""

    call_id: str


class End(NamedTuple):
    """The session is over."""

    call_id: str


class Turn(NamedTuple):
    """Turn a camera; -1…1 each; all 0: stop."""

    channel: str
    pan: float
    tilt: float
    zoom: float


class Told(NamedTuple):
    """The platform took (or refused) what it was told of an alert."""

    alert_id: str


Effect: TypeAlias = Send | Open | Begin | End | Turn | Told


class Entry(NamedTuple):
    """A line of the log."""

    at: datetime
    sent: bool
    summary: str
    text: str


class Line:
    """What every part of an agent uses: building requests, keeping the log."""

    def __init__(
        self, upper: Upper, clock: Callable[[], datetime], effects: Callable[[Effect], None]
    ) -> None:
        self.upper = upper
        self.effect = effects
        self.clock = clock
        self.log: deque[Entry] = deque(maxlen=LOG_MAX)
        self.contact = Uri(upper.device_id, "0.0.0.0", upper.local_port)
        self.main = upper.main

    def note(self, message: Message, sent: bool) -> None:
        """Keep a message for people to read."""
        if message.is_request:
            command = _COMMAND.search(message.body[:1000])
            what = message.target if command is None else command[1].decode("ascii", "replace")
            summary = f"{message.method} {what}"
        else:
            reason = message.reason or REASONS.get(message.status, "")
            summary = f"{message.status} {reason} ({message.get('cseq').split()[-1]})"
        text = masked(message, self.upper.password)[:LOG_TEXT_MAX]
        self.log.append(Entry(self.clock(), sent, summary[:200], text))

    def say(self, text: str) -> None:
        """Keep something that is no message."""
        self.log.append(Entry(self.clock(), True, text, ""))

    @property
    def server(self) -> Uri:
        return Uri(self.upper.server_id, self.upper.server_domain)

    @property
    def device(self) -> Uri:
        return Uri(self.upper.device_id, self.upper.device_domain)

    def via(self, path: Path) -> str:
        where = f"{self.contact.host}:{self.contact.port}"
        return f"SIP/2.0/{path.kind.upper()} {where};rport;branch={new_branch()}"

    def request(
        self,
        method: str,
        target: str,
        path: Path,
        *,
        from_: str,
        to: str,
        call_id: str,
        cseq: int,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str = CONTENT_TYPE,
    ) -> Message:
        made = [
            ("via", self.via(path)),
            ("from", from_),
            ("to", to),
            ("call-id", call_id),
            ("cseq", f"{cseq} {method}"),
            ("max-forwards", "70"),
            ("user-agent", "hall"),
            *headers,
        ]
        if body:
            made.append(("content-type", content_type))
        return Message(method=method, target=target, headers=made, body=body)

    def message(self, body: bytes) -> Message:
        """A MESSAGE of its own."""
        return self.request(
            "MESSAGE",
            str(self.server),
            self.main,
            from_=f"<{self.device}>;tag={new_tag()}",
            to=f"<{self.server}>",
            call_id=self.new_call_id(),
            cseq=1,
            body=body,
        )

    def new_call_id(self) -> str:
        return f"{secrets.token_hex(12)}@{self.contact.host}"

    @property
    def body_max(self) -> int:
        return UDP_BODY_MAX if self.main.kind == "udp" else TCP_BODY_MAX


def new_tag() -> str:
    return secrets.token_hex(6)
