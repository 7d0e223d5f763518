"""What happens at windows."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hall_core.events.base import Event


class WindowEvent(Event, frozen=True):
    """Something happened at one window."""

    window: int


class WindowOpened(WindowEvent, frozen=True):
    public = ("window",)
    clerk: str


class WindowClosed(WindowEvent, frozen=True):
    public = ("window",)
    clerk: str | None = None


class WindowHandedOver(WindowEvent, frozen=True):
    """`stays`: `from_clerk` goes on being signed in beside (as journals that don't say mean)."""

    public = ("window",)
    clerk: str
    from_clerk: str | None = None
    stays: bool = True


class WindowCovered(WindowEvent, frozen=True):
    """`window` also takes the queues and tickets of `covered`."""

    public = ("window", "covered")
    covered: int


class WindowUncovered(WindowEvent, frozen=True):
    public = ("window", "covered")
    covered: int


class ClerkSignedIn(WindowEvent, frozen=True):
    """A second clerk (B 岗) is present at the window."""

    clerk: str


class ClerkSignedOut(WindowEvent, frozen=True):
    clerk: str


class AbsencePosted(WindowEvent, frozen=True):
    """去向留言: why the clerk left, how to reach them, when they are back, who covers."""

    public = ("window", "reason", "destination", "contact", "expected_return", "backup_clerk")
    clerk: str | None
    reason: str
    contact: str
    expected_return: datetime
    destination: str = ""
    backup_clerk: str | None = None


class AbsenceCleared(WindowEvent, frozen=True):
    """The notice ended. Planned and actual times stand side by side.

    `how`: `relieved` of who stood in and was away, too, when the clerk before them came back.
    """

    public = ("window",)
    clerk: str | None
    since: datetime
    expected_return: datetime
    how: Literal["returned", "relieved", "closed", "manager", "midnight"] = "returned"
    reason: str = ""
    destination: str = ""
    contact: str = ""
    backup_clerk: str | None = None
