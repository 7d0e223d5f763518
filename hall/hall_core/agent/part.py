"""What a part of an agent is, and what it may do: the interface that every device adapter uses."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar, Protocol

import msgspec

UNPLACED = "配对时没有选窗口，请用“窗口外设程序”的配对码重新配对"
"""Why a part that belongs to a window can do nothing (fault `bad_setting`)."""


class Unreachable(Exception):
    """The server can't be reached now; try again when it can (`Link.connected`)."""


class PartFailed(Exception):
    """A part can't do what it was asked. `code` is for programs, `detail` a sentence in Chinese
    for the person who waits: what happened and what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Place(msgspec.Struct, frozen=True):
    """Where the agent is paired."""

    hall: str
    window: int | None
    device_id: str
    name: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What the server answered: `body` is decoded JSON, a problem document from 400 on."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        return self.status < 400

    @property
    def code(self) -> str:
        """The problem's code, or ""."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


class Update(msgspec.Struct, frozen=True):
    """The hall as its stream tells it.

    `state` is the whole state (contract: State) as far as this agent may see it, the newest when
    the part gets to it; do not change it. `events` are what happened since the part's last update,
    oldest first, the last 100 at most; none after a snapshot. `at` is the server's time (ISO) of
    the newest frame that told one.
    """

    state: dict[str, Any]
    events: tuple[dict[str, Any], ...] = ()
    version: int = 0
    at: str = ""


class Link(Protocol):
    """A part's only way to the server. Nothing here raises when the server is away, except
    `post` and `get`."""

    server: str
    """The server's address, without a slash at its end."""

    folder: Path
    """Beside the config: where a part may keep small files of its own."""

    @property
    def connected(self) -> bool:
        """Whether the server hears this agent right now."""
        ...

    async def place(self) -> Place:
        """Where the agent is paired; waits until the server has told it. When it is paired with
        another window while it runs, a part that has asked is cancelled and run again."""
        ...

    def report(self, fault: str | None, detail: str = "") -> None:
        """Say what is wrong with the device (a name out of `hall_core.faults.FAULTS`), or None:
        all is well. Sent when it changes (that all is well: when it has been for two seconds),
        and again after every reconnect; saying the same again costs nothing. `detail` helps who
        repairs (an address, an error), never a person's data.
        """
        ...

    def updates(self) -> AsyncIterator[Update]:
        """The hall's stream, for ever: one update now (as soon as the server told the state),
        then one whenever something changed. A part that is slow gets the newest state only."""
        ...

    async def post(self, path: str, body: Any, key: str | None = None) -> Answer:
        """Write: `path` is below /api/v1. One try; to try again, give the same `key` again.

        Raises:
            Unreachable: no answer; whether it was done is unknown, so keep the key.
        """
        ...

    async def get(self, path: str) -> Answer:
        """Read.

        Raises:
            Unreachable: no answer.
        """
        ...


class Part:
    """The base of parts. `kind` names what it drives; `name` is the part's name in the config."""

    kind: ClassVar[str]

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, link: Link) -> None:
        """Drive the device until cancelled. A device that is away is no error: report it, wait,
        try again. What is raised here is logged, reported as fault `crashed`, and `run` is called
        again after a pause; the other parts go on."""
        raise NotImplementedError

    async def answer(self, request: Any) -> Any:
        """Do what the server asks of this part (`Agents.ask`) and give a JSON-able answer.

        `request` is decoded JSON that nobody checked. Several may come at once. It is cancelled
        when the connection goes.

        Raises:
            PartFailed: not possible; the server passes code and detail on to who asked.
        """
        raise PartFailed("unknown_request", "这台设备不支持此操作。")


def new_key() -> str:
    """A fresh idempotency key."""
    return secrets.token_hex(12)
