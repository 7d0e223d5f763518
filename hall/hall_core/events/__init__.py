"""Every event of a hall: the journal's and the stream's table of contents.

An event is a fact in the past tense, frozen, and free of personal data: identity, phone numbers
and free text about people live in side tables and are referenced by id. Changes are additive
(new optional fields); anything else is upcast in `upcasts.py`.

`public` names the fields that an anonymous audience (hall screens, kiosks, phones) may see;
None means that such an audience only learns that the version moved on. `pad` names what the pads
of the event's own window see beside that. Staff of the hall see every field, except of events
that are for those who manage and supervise (`managers_only`): what citizens said about a clerk.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from hall_core.events.alerts import (
    ENDED_ALERTS,
    AlertChanged,
    AlertLevel,
    AlertRaised,
    AlertState,
    below_supervision,
)
from hall_core.events.base import (
    CONFIDENTIAL_ALERTS,
    STEPPED_ALERTS,
    Event,
    for_managers,
    pad_fields,
    public_fields,
)
from hall_core.events.cameras import (
    CameraAdded,
    CameraChanged,
    CameraEdited,
    CameraEvent,
    CameraFault,
    CameraLinkState,
    CameraRemoved,
    CamerasCounted,
    CameraTime,
    CameraZonesSet,
    EvidenceKept,
    PresenceChanged,
)
from hall_core.events.cases import (
    CaseChanged,
    CaseEvent,
    CaseKind,
    CaseOpened,
    CaseOutcome,
    CaseOverdue,
    CaseSource,
    CaseState,
    CaseStep,
    CaseVerb,
)
from hall_core.events.evaluations import (
    EvaluationFiled,
    EvaluationLapsed,
    EvaluationRecorded,
    EvaluationRequested,
    EvaluationSettingsChanged,
    EvaluationWithdrawn,
    RatingLevel,
    RelayChanged,
)
from hall_core.events.hall import (
    CalendarTold,
    ClockConfirmed,
    ClockDoubted,
    DayOpened,
    HallRenamed,
    Notice,
    NoticesChanged,
    SetupChanged,
    TextsChanged,
)
from hall_core.events.tickets import (
    AppointmentCancelled,
    AppointmentEvent,
    AppointmentMade,
    AppointmentMissed,
    Channel,
    PaperEntry,
    Priority,
    ServiceFinished,
    ServiceStarted,
    StepUndone,
    TicketCalled,
    TicketCancelled,
    TicketEvent,
    TicketExchanged,
    TicketExpired,
    TicketHeld,
    TicketIssued,
    TicketNoShow,
    TicketRecalled,
    TicketReleased,
    TicketRequeued,
    TicketsRecorded,
    TicketTransferred,
    TicketVerified,
)
from hall_core.events.windows import (
    AbsenceCleared,
    AbsencePosted,
    ClerkSignedIn,
    ClerkSignedOut,
    WindowClosed,
    WindowCovered,
    WindowEvent,
    WindowHandedOver,
    WindowOpened,
    WindowUncovered,
)

__all__ = [
    "CONFIDENTIAL_ALERTS",
    "ENDED_ALERTS",
    "NAMES",
    "STEPPED_ALERTS",
    "TYPES",
    "AbsenceCleared",
    "AbsencePosted",
    "AlertChanged",
    "AlertLevel",
    "AlertRaised",
    "AlertState",
    "AppointmentCancelled",
    "AppointmentEvent",
    "AppointmentMade",
    "AppointmentMissed",
    "CalendarTold",
    "CameraAdded",
    "CameraChanged",
    "CameraEdited",
    "CameraEvent",
    "CameraFault",
    "CameraLinkState",
    "CameraRemoved",
    "CameraTime",
    "CameraZonesSet",
    "CamerasCounted",
    "CaseChanged",
    "CaseEvent",
    "CaseKind",
    "CaseOpened",
    "CaseOutcome",
    "CaseOverdue",
    "CaseSource",
    "CaseState",
    "CaseStep",
    "CaseVerb",
    "Channel",
    "ClerkSignedIn",
    "ClerkSignedOut",
    "ClockConfirmed",
    "ClockDoubted",
    "DayOpened",
    "EvaluationFiled",
    "EvaluationLapsed",
    "EvaluationRecorded",
    "EvaluationRequested",
    "EvaluationSettingsChanged",
    "EvaluationWithdrawn",
    "Event",
    "EvidenceKept",
    "HallRenamed",
    "Notice",
    "NoticesChanged",
    "PaperEntry",
    "PresenceChanged",
    "Priority",
    "RatingLevel",
    "Recorded",
    "RelayChanged",
    "ServiceFinished",
    "ServiceStarted",
    "SetupChanged",
    "StepUndone",
    "TextsChanged",
    "TicketCalled",
    "TicketCancelled",
    "TicketEvent",
    "TicketExchanged",
    "TicketExpired",
    "TicketHeld",
    "TicketIssued",
    "TicketNoShow",
    "TicketRecalled",
    "TicketReleased",
    "TicketRequeued",
    "TicketTransferred",
    "TicketVerified",
    "TicketsRecorded",
    "WindowClosed",
    "WindowCovered",
    "WindowEvent",
    "WindowHandedOver",
    "WindowOpened",
    "WindowUncovered",
    "below_supervision",
    "decode",
    "encode",
    "for_managers",
    "pad_fields",
    "public_fields",
]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _concrete(base: type[Event]) -> list[type[Event]]:
    bases = {TicketEvent, WindowEvent, CaseEvent, CameraEvent, AppointmentEvent}
    found: list[type[Event]] = []
    for cls in base.__subclasses__():
        if cls not in bases:
            found.append(cls)
        found.extend(_concrete(cls))
    return found


TYPES: dict[str, type[Event]] = {_snake(cls.__name__): cls for cls in _concrete(Event)}
NAMES: dict[type[Event], str] = {cls: name for name, cls in TYPES.items()}
_DECODERS = {name: msgspec.json.Decoder(cls) for name, cls in TYPES.items()}
_ENCODER = msgspec.json.Encoder()


class Recorded(msgspec.Struct, frozen=True):
    """An event in its place: `version` is contiguous per hall, `at` is UTC and never decreases."""

    version: int
    at: datetime
    actor: str
    event: Event

    @property
    def type(self) -> str:
        return NAMES[type(self.event)]


def encode(event: Event) -> bytes:
    """The journal's JSON of an event, without its type (a column of its own)."""
    return _ENCODER.encode(event)


def decode(type_name: str, data: bytes | str) -> Event:
    """The event of a journal row.

    Raises:
        msgspec.ValidationError: the row does not fit its type.
        KeyError: the type is unknown (a newer release wrote it).
    """
    return _DECODERS[type_name].decode(data)
