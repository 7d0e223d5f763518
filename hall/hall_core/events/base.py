"""The base of all events, and what of an event an audience may know."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of all events. `v` is the version of the shape."""

    public: ClassVar[tuple[str, ...] | None] = None
    pad: ClassVar[tuple[str, ...] | None] = None
    managers_only: ClassVar[bool] = False
    v: int = 1


CONFIDENTIAL_ALERTS = frozenset({"negative_evaluation", "case_overdue"})
"""Kinds of alerts that concern a clerk: counters are not told of them."""

STEPPED_ALERTS = frozenset({"suspected_absent", "late_open"})
"""Kinds of alerts that go from the window over its hall's manager to supervision: supervisors are
told of the last step only, and of the staff only the window that it is about. (An overdue notice is
public: it hangs at the window.)"""


def for_managers(event: Event) -> bool:
    """Whether counters and the guide desk may not see this event."""
    return (
        event.managers_only or getattr(event, "kind", None) in CONFIDENTIAL_ALERTS | STEPPED_ALERTS
    )


def public_fields(event: Event) -> dict[str, Any] | None:
    """What an anonymous audience may know of an event, or None."""
    return _fields(event, event.public)


def pad_fields(event: Event, window: int | None) -> dict[str, Any] | None:
    """What the pads of `window` may know of an event, or None: of another window, nothing."""
    if getattr(event, "window", None) != window:
        return None
    return _fields(event, event.public if event.pad is None else event.pad)


def _fields(event: Event, names: tuple[str, ...] | None) -> dict[str, Any] | None:
    return None if names is None else {name: getattr(event, name) for name in names}
