"""Facts about cameras and what they see."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from hall_core.events.base import Event
from hall_core.setup import CameraSettings, CameraZone

CameraLinkState = Literal["online", "stalled", "unreachable", "refused", "disabled"]
CameraFault = Literal[
    "black", "frozen", "blurred", "covered", "moved", "clock_wrong", "wrong_resolution"
]


class CameraEvent(Event, frozen=True):
    """Something about one camera. Addresses and passwords are in side tables."""

    managers_only = True
    camera_id: str


class CameraAdded(CameraEvent, frozen=True):
    name: str
    group: str  # the recorder or switch it depends on: one outage of it is one alert
    settings: CameraSettings = CameraSettings()


class CameraEdited(CameraEvent, frozen=True):
    name: str | None = None
    group: str | None = None
    settings: CameraSettings | None = None


class CameraZonesSet(CameraEvent, frozen=True):
    zones: tuple[CameraZone, ...]


class CameraRemoved(CameraEvent, frozen=True):
    pass


class CameraTime(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Seconds of a camera's day: known, online, in sessions, and good while in sessions."""

    known_s: float = 0.0
    online_s: float = 0.0
    session_s: float = 0.0
    good_s: float = 0.0


class CameraChanged(CameraEvent, frozen=True):
    """Its connection or its picture is another now."""

    state: CameraLinkState
    faults: tuple[CameraFault, ...] = ()
    why: str = ""  # a code, see hall_cameras.domain.state.WHY
    width: int = 0
    height: int = 0
    fps: float = 0.0
    codec: str = ""
    passed: CameraTime = CameraTime()  # since it was last counted


class CamerasCounted(Event, frozen=True):
    """A day's figures of every camera (在线率, 图像完好率), when the day ended."""

    managers_only = True
    day: str
    cameras: dict[str, CameraTime]


class EvidenceKept(CameraEvent, frozen=True):
    """Pictures were stored that show what an alert of this kind is about.

    `alert_id` None: they came before the alert, which will name them when it is raised.
    """

    kind: str
    evidence: tuple[str, ...]
    alert_id: str | None = None


class PresenceChanged(CameraEvent, frozen=True):
    """Whether somebody is in a window's zone. A fact: what it means is the window's rule."""

    window: int
    present: bool | None  # None: it can't be told (a faulty picture, no connection, no zone)
    since: datetime | None = None  # it was first seen so; the event comes when it has lasted
    confidence: float = 0.0  # 0…1, of the newest picture
