"""What the cascade's calls answer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypedDict

from hall_cameras.cascade.directory import Kind


class WatchedView(TypedDict):
    """A picture that the platform is being sent."""

    camera_id: str
    name: str
    since: datetime | None
    main: bool


class PlatformView(TypedDict):
    """An upper platform: its setup without the password, and how it is."""

    platform_id: str
    name: str
    server_id: str
    server_domain: str
    host: str
    port: int
    transport: str
    device_id: str
    device_name: str
    username: str
    version: str
    expires_s: int
    keepalive_s: int
    local_port: int
    sessions_max: int
    ptz: bool
    enabled: bool
    halls: list[str]
    withheld: list[str]
    has_password: bool
    id_fixed: bool  # it was registered once: our id stays
    cameras: int
    cameras_online: int
    state: Literal["off", "registering", "online", "refused", "waiting"]
    why: str
    why_text: str
    registered_at: datetime | None
    keepalive_at: datetime | None
    watched: list[WatchedView]


class PlatformRef(TypedDict):
    platform_id: str


class PlatformRemoved(TypedDict):
    platform_id: str
    removed: bool


class PlatformTold(TypedDict):
    platform_id: str
    command: str


class NodeView(TypedDict):
    """A line of the catalogue; `subject` is our own id of the hall or camera."""

    gb_id: str
    kind: Kind
    name: str
    subject: str
    parent: str
    online: bool
    editable: bool


class WithheldView(TypedDict):
    camera_id: str
    name: str
    hall: str


class ChannelsView(TypedDict):
    nodes: list[NodeView]
    withheld: list[WithheldView]


class LogEntry(TypedDict):
    """A message, without its secrets; or a remark, with no text."""

    at: datetime
    sent: bool
    summary: str
    text: str


class IdView(TypedDict):
    gb_id: str
