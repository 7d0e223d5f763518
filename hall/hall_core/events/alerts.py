"""Alerts, from being raised to being closed."""

from __future__ import annotations

from typing import Literal

from hall_core.events.base import STEPPED_ALERTS, Event

AlertState = Literal[
    "open", "acknowledged", "explained", "confirmed", "appealed", "dismissed", "closed"
]
ENDED_ALERTS: frozenset[AlertState] = frozenset({"dismissed", "closed"})
"""States of alerts that wait for nobody."""

AlertLevel = Literal["window", "hall", "supervision"]
"""Who is told: each step adds the next (window, hall manager, supervision)."""


class AlertRaised(Event, frozen=True):
    """A person should look. Nothing is ever deducted from anyone automatically."""

    alert_id: str
    kind: str
    level: AlertLevel
    window: int | None = None
    clerk: str | None = None
    device_id: str | None = None
    camera_id: str | None = None
    detail: str = ""  # a few plain words for the list, no personal data
    detail_en: str = ""  # the same in English; "": there is none
    evidence: tuple[str, ...] = ()  # ids of pictures that are kept for a while
    waiting: int = 0  # people who wait for the window: the more, the sooner somebody should look


class AlertChanged(Event, frozen=True):
    """The alert moved on. `note` references the side table of free texts."""

    alert_id: str
    state: AlertState
    level: AlertLevel
    note: str | None = None
    waiting: int | None = None  # as of now; None: as before


def below_supervision(event: Event) -> bool:
    """Whether supervisors may not know this event: an alert that is raised at its window or in its
    hall first. (A change says of what no more than that there is something.)"""
    if not isinstance(event, AlertRaised):
        return False
    return event.kind in STEPPED_ALERTS and event.level != "supervision"
