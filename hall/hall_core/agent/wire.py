"""What an agent and the server say to each other on `/api/v1/halls/{hall}/agent` (JSON text).

The agent begins with a hello. Then it reports faults when they change, and answers what the
server asks of its parts; it says `ping` when it has nothing else to say, so that the server knows
it is there. Whatever else comes is dropped and counted.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

import msgspec

PING_S = 10.0  # of the agent's silence; the server gives up after three
MESSAGE_MAX = 64 * 1024  # bytes, either way
PARTS_MAX = 32

# Close codes beside those of the stream (4400 unreadable, 4401 token, 4404 hall).
REPLACED = 4409
"""Another connection with the same token has taken this one's place."""

FAULT = re.compile(r"[a-z][a-z_]{1,19}")

PartName: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,20}$")]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]


class PartInfo(msgspec.Struct, frozen=True):
    """One part of an agent: `kind` is what it drives (printer, reader, strip, caller, pad…)."""

    name: PartName
    kind: PartName


class Hello(msgspec.Struct, frozen=True, tag_field="type", tag="hello"):
    token: str
    parts: Annotated[tuple[PartInfo, ...], msgspec.Meta(max_length=PARTS_MAX)]
    version: Text = ""


class Report(msgspec.Struct, frozen=True, tag_field="type", tag="report"):
    """What is wrong with a part now; None: nothing."""

    part: PartName
    fault: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z_]{1,19}$")] | None
    detail: Text = ""


class Failure(msgspec.Struct, frozen=True):
    """Why a part could not do what it was asked: for programs, and for people."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z_]{1,39}$")]
    detail: Text


class Answered(msgspec.Struct, frozen=True, tag_field="type", tag="answer"):
    id: int
    result: Any = None
    failure: Failure | None = None


class Ping(msgspec.Struct, frozen=True, tag_field="type", tag="ping"):
    pass


class Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """The server's first message: from now on the agent counts as connected."""


class Ask(msgspec.Struct, frozen=True, tag_field="type", tag="ask"):
    id: int
    part: PartName
    request: Any


FromAgent: TypeAlias = Report | Answered | Ping
FromServer: TypeAlias = Welcome | Ask
