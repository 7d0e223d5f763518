"""Messages between the server and a camera worker: msgpack in binary WebSocket frames.

A worker says hello with its token, then takes whatever cameras the server leases to it. A lease
carries an epoch, the fencing number: what a worker says of a camera counts only under the epoch
of the newest lease. A lease lapses when either side hears nothing of the other for `LEASE_S`:
the server gives the camera to another worker, the worker lets go of it by itself.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from hall_core.events import CameraFault, CameraLinkState
from hall_core.setup import CameraSettings, CameraZone

PATH = "/api/v1/camera-worker"
BEAT_S = 0.75
LEASE_S = 3.0
PICTURE_MAX = 400_000  # bytes of one JPEG
MESSAGE_MAX = 1 << 22  # bytes
LIVE_MAX = 3 << 20  # bytes of one part of a live view

BAD_HELLO = 4400
BAD_TOKEN = 4401


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """The base of messages, tagged with their class name."""


# --- from the server ---------------------------------------------------------------------------


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where a camera is and how to get in. Never logged: see `__repr__`."""

    onvif: str = ""
    rtsp: str = ""
    profile: str = ""
    username: str = ""
    password: str = ""
    serial: str = ""

    def __repr__(self) -> str:
        return f"Access(onvif={self.onvif!r}, rtsp={self.rtsp!r})"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """All that a worker needs to watch one camera."""

    camera_id: str
    access: Access
    settings: CameraSettings
    zones: tuple[CameraZone, ...] = ()
    refused: bool = False  # it was refused; do not try until a person acts
    view: bytes = b""  # JPEG of the learned view, gray; empty: learn it


class Take(Message, frozen=True, tag="take"):
    """Watch this camera (again, if it is held already: the order changed)."""

    epoch: int
    order: Order


class Drop(Message, frozen=True, tag="drop"):
    camera_id: str


class Look(Message, frozen=True, tag="look"):
    """Somebody looks at this camera live, as video or as single pictures; neither: nobody does."""

    camera_id: str
    video: bool = False
    pictures: bool = False


class Beat(Message, frozen=True, tag="beat"):
    """I am here. Each side sends one when it had nothing else to send for `BEAT_S`."""


class Uplink(msgspec.Struct, frozen=True, kw_only=True):
    """Where an upper platform wants a camera's stream, in RTP (see `cascade`)."""

    session: str
    stream: int  # 0 main, 1 the one that is watched
    tcp: bool
    setup: str  # theirs over TCP: "active" (they connect) or "passive"
    host: str
    port: int
    ssrc: int


class Ask(Message, frozen=True, tag="ask"):
    """A question or an errand; an `Answer` with the same id follows.

    discover  -> [Found]                      what=seconds
    probe     -> Identity                     access
    picture   -> Picture | None               camera_id
    window    -> [Picture]                    camera_id, window: its zone, before and now
    learn     -> None                         camera_id: its view is right as it is now
    measures  -> Measures | None              camera_id
    presets   -> [Preset]                     camera_id
    move      -> None   pan, tilt, zoom in -1…1, seconds; always stopped   camera_id
    preset    -> None   token                 camera_id
    h264      -> None   its video in H.264    camera_id
    uplink    -> UplinkAt   uplink            camera_id
    uplink_go -> None   token=session         camera_id; now send
    uplink_end -> None  token=session         camera_id
    """

    id: int
    what: Literal[
        "discover", "probe", "picture", "learn", "measures", "presets", "move", "preset", "h264",
        "window", "uplink", "uplink_go", "uplink_end",
    ]  # fmt: skip
    camera_id: str = ""
    access: Access | None = None
    window: int = 0
    seconds: float = 0.0
    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0
    token: str = ""
    uplink: Uplink | None = None


# --- from a worker -----------------------------------------------------------------------------


class Hello(Message, frozen=True, tag="hello"):
    token: str
    name: str
    capacity: int  # cameras it can watch


class Report(Message, frozen=True, tag="report"):
    """How a camera is. Sent when it changes."""

    camera_id: str
    epoch: int
    state: CameraLinkState
    why: str = ""
    faults: tuple[CameraFault, ...] = ()
    width: int = 0
    height: int = 0
    fps: float = 0.0
    codec: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One of the streams that a camera, or a channel of a recorder, offers."""

    token: str
    name: str = ""
    source: str = ""  # the channel
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera says of itself over ONVIF."""

    onvif: str = ""
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    profiles: tuple[Profile, ...] = ()
    chosen: str = ""  # token of the profile that is watched
    ptz: bool = False
    clock_off_s: float = 0.0
    snapshot: bool = False  # it has a snapshot address


class Known(Message, frozen=True, tag="known"):
    """A camera was described; `identity.onvif` is where it answered."""

    camera_id: str
    epoch: int
    identity: Identity


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A device that answered WS-Discovery."""

    onvif: str
    name: str = ""
    hardware: str = ""


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    name: str = ""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """The newest key frame as JPEG, `age_s` old."""

    jpeg: bytes
    age_s: float


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks of a camera's newest picture read, beside the thresholds of its settings."""

    mean: float = 0.0  # gray 0…255
    contrast: float = 0.0  # standard deviation of gray
    still_s: float = 0.0  # since the picture last changed
    sharpness: float = 0.0  # for its contrast, 1 = as the learned view
    lost: float = 0.0  # share of the view's detail that is gone
    edges: float = 0.0  # share of the view's edges that are where they were
    moved_px: float = 0.0  # of a picture 640 wide
    alike: float = 1.0  # coarse picture against the coarse view, 1 = the same scene
    clock_off_s: float = 0.0
    width: int = 0
    height: int = 0
    learned: bool = False  # there is a view to compare with
    says: tuple[str, ...] = ()  # of itself, by ONVIF: "tampered", "signal_lost"


class Evidence(Message, frozen=True, tag="evidence"):
    """A picture of a trouble. What lies outside of the windows' zones is coarse."""

    camera_id: str
    fault: CameraFault
    jpeg: bytes
    age_s: float
    measures: Measures | None = None


class InZone(Message, frozen=True, tag="in_zone"):
    """Whether somebody is in a window's zone, for so long already. Sent when it changes.

    `present` None: it can't be told.
    """

    camera_id: str
    epoch: int
    window: int
    present: bool | None
    lasted_s: float = 0.0
    confidence: float = 0.0


class View(Message, frozen=True, tag="view"):
    """The view that was learned, to be kept for the next worker."""

    camera_id: str
    epoch: int
    jpeg: bytes


class LiveHead(Message, frozen=True, tag="live_head"):
    """What follows is of this type, beginning with `data`; what came before is over.

    `pictures`: whether it is for those who look at single pictures.
    """

    camera_id: str
    epoch: int
    mime: str
    data: bytes = b""
    pictures: bool = False


class LivePart(Message, frozen=True, tag="live_part"):
    """More of a live view: whole fragments, or one JPEG. One can begin to look at a `key`."""

    camera_id: str
    epoch: int
    data: bytes
    key: bool = False
    pictures: bool = False


class UplinkAt(msgspec.Struct, frozen=True, kw_only=True):
    """Where we send from, or listen."""

    host: str
    port: int


class UplinkEnded(Message, frozen=True, tag="uplink_ended"):
    """A session is over by itself: `why` is "source", "peer" or "codec"."""

    session: str
    why: str


class Answer(Message, frozen=True, tag="answer"):
    """`error` is a code of `hall_cameras.domain.state.WHY`; "" when all went well."""

    id: int
    result: Any = None
    error: str = ""


ToWorker: TypeAlias = Take | Drop | Look | Beat | Ask
ToServer: TypeAlias = (
    Hello | Beat | Report | Known | Evidence | InZone | View | Answer | LiveHead | LivePart
    | UplinkEnded
)  # fmt: skip

encode = msgspec.msgpack.Encoder().encode
decode_to_worker = msgspec.msgpack.Decoder(ToWorker).decode
decode_to_server = msgspec.msgpack.Decoder(ToServer).decode

T = TypeVar("T")


def convert(result: Any, type_: type[T]) -> T:
    """An answer's result as its type.

    Raises:
        msgspec.ValidationError: it is none.
    """
    return msgspec.convert(result, type_)
