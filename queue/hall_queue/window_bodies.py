"""The bodies of window commands as they come in, and the commands they mean (contract.md)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias, Union

import msgspec

from hall_queue.domain import commands as c
from hall_queue.domain.numbers import typed


class WindowBody(msgspec.Struct, tag_field="command", forbid_unknown_fields=True):
    """The base; `command` says which."""


class WithClerk(WindowBody):
    """Names a clerk; the hall's setting may ask for the PIN."""

    clerk: str
    pin: str | None = None

    def __post_init__(self) -> None:
        self.clerk = typed(self.clerk)


class WithNumber(WindowBody):
    """Names a ticket by its number."""

    number: str

    def __post_init__(self) -> None:
        self.number = typed(self.number).upper()


class Open(WithClerk, tag="open"): ...


class SignIn(WithClerk, tag="sign_in"): ...


class Handover(WithClerk, tag="handover"): ...


class SignOut(WindowBody, tag="sign_out"):
    clerk: str


class Close(WindowBody, tag="close"): ...


class Cover(WindowBody, tag="cover"):
    window: int


class Uncover(WindowBody, tag="uncover"):
    window: int


class CallNext(WindowBody, tag="call_next"): ...


class CallSpecific(WithNumber, tag="call_specific"):
    reason: str


class Recall(WindowBody, tag="recall"): ...


class Start(WindowBody, tag="start"): ...


class Finish(WindowBody, tag="finish"):
    case_no: str | None = None
    next_queue: str | None = None


class NoShow(WindowBody, tag="no_show"): ...


class Transfer(WindowBody, tag="transfer"):
    queue: str | None = None
    window: int | None = None


class Hold(WindowBody, tag="hold"):
    reason: str = ""


class Unhold(WithNumber, tag="unhold"): ...


class Undo(WindowBody, tag="undo"): ...


class Leave(WindowBody, tag="leave"):
    reason: str
    expected_return: datetime
    contact: str = ""
    destination: str = ""
    backup_clerk: str | None = None


class Return(WindowBody, tag="return"):
    """`clerk`: who is back; left out: who left last."""

    clerk: str | None = None


def _plain(command: type[c.WindowCommand]) -> Callable[[int, Any], c.WindowCommand]:
    return lambda window, _: command(window=window)


def _clerk(command: Any) -> Callable[[int, Any], c.WindowCommand]:
    return lambda window, body: command(window=window, clerk=body.clerk)


_COMMANDS: dict[type[WindowBody], Callable[[int, Any], c.WindowCommand]] = {
    Open: _clerk(c.Open),
    SignIn: _clerk(c.SignIn),
    SignOut: _clerk(c.SignOut),
    Handover: _clerk(c.Handover),
    Close: _plain(c.Close),
    Cover: lambda window, b: c.Cover(window=window, covered=b.window),
    Uncover: lambda window, b: c.Uncover(window=window, covered=b.window),
    CallNext: _plain(c.CallNext),
    CallSpecific: lambda window, b: c.CallSpecific(window=window, number=b.number, reason=b.reason),
    Recall: _plain(c.Recall),
    Start: _plain(c.Start),
    Finish: lambda window, b: c.Finish(window=window, case_no=b.case_no, next_queue=b.next_queue),
    NoShow: _plain(c.NoShow),
    Transfer: lambda window, b: c.Transfer(window=window, to_queue=b.queue, to_window=b.window),
    Hold: _plain(c.Hold),
    Unhold: lambda window, b: c.Unhold(window=window, number=b.number),
    Undo: _plain(c.Undo),
    Leave: lambda window, b: c.Leave(
        window=window,
        reason=b.reason,
        expected_return=b.expected_return,
        contact=b.contact,
        destination=b.destination,
        backup_clerk=b.backup_clerk,
    ),
    Return: _clerk(c.Return),
}

BODIES: TypeAlias = Union[tuple(_COMMANDS)]  # type: ignore[valid-type]  # noqa: UP007


ABOUT_CLERKS = (Open, SignIn, SignOut, Handover, Close, Cover, Uncover, Leave, Return)
"""Who sits where: for people who show who they are, not for a caller's keys."""


def to_command(window: int, body: WindowBody) -> c.WindowCommand:
    """The command that `body` means at `window`."""
    return _COMMANDS[type(body)](window, body)
