"""Questions on pads, and ratings."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hall_core.events.base import Event
from hall_core.setup import EvaluationSettings, RatingReason, RelaySettings

RatingLevel = Literal[
    "very_satisfied", "satisfied", "mostly_satisfied", "dissatisfied", "very_dissatisfied"
]
"""非常满意 满意 基本满意 不满意 非常不满意; the last two are 差评. Neutral: the national code
orders contradict one another (domain.md section 2)."""


class EvaluationSettingsChanged(Event, frozen=True):
    """The manager's rules for ratings and cases, whole."""

    settings: EvaluationSettings
    removed_reasons: tuple[RatingReason, ...] = ()  # ratings go on speaking of them


class EvaluationRequested(Event, frozen=True):
    """The service ended: its window's pad asks. The token is made for the frame, never stored."""

    pad = ("window", "number", "clerk")
    ticket_id: str
    number: str
    window: int
    clerk: str
    service: str | None = None
    case_no: str | None = None
    day: str = ""  # of the service, the hall's
    until: datetime | None = None  # the pad's question ends
    rate_until: datetime | None = None  # an ordinary rating may come until then
    real_name: bool = False  # the ticket was taken with an ID


class EvaluationLapsed(Event, frozen=True):
    """Nobody pressed while the pad asked: not rated, never taken for satisfied."""

    managers_only = True
    pad = ("window", "number")
    ticket_id: str
    number: str
    window: int


class EvaluationWithdrawn(Event, frozen=True):
    """The finish was undone: the service goes on, and is asked about when it ends."""

    pad = ("window", "number")
    ticket_id: str
    number: str
    window: int


class EvaluationRecorded(Event, frozen=True):
    """The one rating of a service. What it says beside level and reasons is in side tables."""

    managers_only = True
    pad = ("window", "number")
    ticket_id: str
    number: str
    window: int
    clerk: str
    level: RatingLevel
    reasons: tuple[str, ...] = ()  # ids of RatingReason
    channel: Literal["pad", "phone"] = "pad"
    service: str | None = None
    case_no: str | None = None
    day: str = ""  # of the service
    asked_at: datetime | None = None
    rate_until: datetime | None = None
    supplementary: bool = False  # after the ordinary time
    real_name: bool = False
    note: str | None = None  # -> notes
    contact: str | None = None  # -> evaluation_contacts


class EvaluationFiled(Event, frozen=True):
    """Says nothing. It follows a rating that opened no case, so that whoever counts the versions
    that are hidden from a counter can't tell a good rating from a bad one."""

    managers_only = True


class RelayChanged(Event, frozen=True):
    """Where ratings are passed on to, whole; without the secret."""

    managers_only = True
    settings: RelaySettings
