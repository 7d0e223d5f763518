"""What the kernel's calls answer, as types: the API's document (OpenAPI) is made from them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NotRequired, TypedDict

import msgspec

from hall_core.agent.wire import PartInfo
from hall_core.credentials import DeviceKind
from hall_core.setup import Level, Region


class Media(msgspec.Struct, frozen=True):
    """An answer that is no JSON, by its media type."""

    type: str


SVG = Media("image/svg+xml")


class Me(TypedDict):
    """Who asks. `hall`: the first of the halls within reach; null: none, or `all_halls`."""

    kind: str
    name: str
    roles: list[str]
    hall: str | None
    all_halls: bool
    window: int | None
    device_id: str | None
    settings: dict[str, Any]
    build: str


class SignedIn(TypedDict):
    name: str
    roles: tuple[str, ...]


class HallView(TypedDict):
    id: str
    name: str
    name_en: str
    region: str
    level: Level


class HallCard(TypedDict):
    """The hall in its own state."""

    id: str
    name: str
    name_en: str
    timezone: str


class HallsAndRegions(TypedDict):
    """For who adds halls: those that are there, and the regions they may stand in."""

    halls: list[HallView]
    regions: list[Region]


class Snapshot(TypedDict):
    version: int
    state: dict[str, Any]


class EventEntry(TypedDict):
    """One version of the journal. Of what the caller may not see there is only the version; its
    type is `version` then. `actor` is for staff."""

    version: int
    type: str
    at: datetime
    actor: NotRequired[str | None]
    data: NotRequired[dict[str, Any]]


class EventsPage(TypedDict):
    """`version` is the newest there is; ask again after the last entry's until it is reached."""

    events: list[EventEntry]
    version: int


class DeviceFaultView(TypedDict):
    """`place`: a screen of the device, or an agent's part; "" is the device itself."""

    place: str
    fault: str
    text: str
    text_en: str
    since: datetime


class DeviceView(TypedDict):
    """`version` and `parts` are of agents: what it said when it last connected."""

    device_id: str
    kind: DeviceKind
    hall: str | None
    window: int | None
    name: str
    settings: dict[str, Any]
    paired_at: datetime
    revoked: bool
    connected: bool
    last_seen: datetime | None
    faults: list[DeviceFaultView]
    version: NotRequired[str]
    parts: NotRequired[tuple[PartInfo, ...]]


class PairingCode(TypedDict):
    """`code` is shown once: a retry with the same key gets null."""

    code: str | None
    expires_at: datetime


class UserView(TypedDict):
    name: str
    roles: tuple[str, ...]
    halls: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    disabled: bool
    locked_until: datetime | None  # after too many wrong passwords; None: it is not
    created_at: datetime
    clerk_no: str | None
    clerk_hall: str | None


class AuditLine(TypedDict):
    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    hall: str | None
    address: str
    detail: str


# --- the stream's messages ---------------------------------------------------------------------


class SnapshotMessage(TypedDict):
    """The whole state as of a version."""

    type: Literal["snapshot"]
    version: int
    state: dict[str, Any]


class EventData(TypedDict):
    """`data` as far as the client may know it; type `changed` where it may not know the event but
    parts of its state changed."""

    type: str
    at: datetime
    data: dict[str, Any]


class EventMessage(TypedDict):
    """One committed event. `changed`: parts of the state to replace, by number, prefix or alert_id
    (an entry with `removed` is gone), or as a whole."""

    type: Literal["event"]
    version: int
    event: EventData
    changed: dict[str, Any]


class VersionMessage(TypedDict):
    """An event that this client may not see."""

    type: Literal["version"]
    version: int


class HeartbeatMessage(TypedDict):
    """At least every 3 s of silence. Waiting times move without events, so they come here."""

    type: Literal["heartbeat"]
    version: int
    at: datetime
    waits: NotRequired[dict[str, Any]]
    stopped: NotRequired[dict[str, str]]
