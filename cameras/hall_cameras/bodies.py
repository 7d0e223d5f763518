"""What the camera calls take and give."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

import msgspec

from hall_cameras import addresses
from hall_cameras.records import Credentials
from hall_cameras.wire import Identity, Measures, Preset
from hall_core.errors import invalid
from hall_core.setup import CameraSettings, CameraZone

Name = Annotated[str, msgspec.Meta(max_length=128)]


class NewCameraBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either address is enough. `profile`: the ONVIF profile to watch; "": one is chosen."""

    name: Name
    onvif: str | None = None
    rtsp: str | None = None
    username: Name = ""
    password: Name = ""
    profile: Name = ""
    group: Name = ""
    settings: CameraSettings = CameraSettings()


class ImportBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rows`, or a table whose first line names the columns: the text of a CSV file, or an .xlsx
    file in base64."""

    rows: tuple[NewCameraBody, ...] = ()
    csv: str = ""
    xlsx: bytes = b""


class EditBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays. A new password (or user name, or address) is tried at once."""

    name: Name | None = None
    onvif: str | None = None
    rtsp: str | None = None
    username: Name | None = None
    password: Name | None = None
    profile: Name | None = None
    group: Name | None = None
    settings: CameraSettings | None = None


class ProbeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    onvif: str
    username: Name = ""
    password: Name = ""


class Retry(msgspec.Struct, tag_field="command", tag="retry", forbid_unknown_fields=True):
    """A person acted: try again what was refused."""


class Enable(msgspec.Struct, tag_field="command", tag="enable", forbid_unknown_fields=True):
    pass


class Disable(msgspec.Struct, tag_field="command", tag="disable", forbid_unknown_fields=True):
    pass


class Learn(msgspec.Struct, tag_field="command", tag="learn", forbid_unknown_fields=True):
    """The view is right as it is now (a camera was turned on purpose)."""


class MakeH264(msgspec.Struct, tag_field="command", tag="h264", forbid_unknown_fields=True):
    """Have the camera send H.264, which browsers play."""


Speed = Annotated[float, msgspec.Meta(ge=-1, le=1)]


class Move(msgspec.Struct, tag_field="command", tag="move", forbid_unknown_fields=True):
    """Turn for a moment, then stop."""

    pan: Speed = 0.0
    tilt: Speed = 0.0
    zoom: Speed = 0.0
    seconds: Annotated[float, msgspec.Meta(gt=0, le=5)] = 0.5


class GoTo(msgspec.Struct, tag_field="command", tag="preset", forbid_unknown_fields=True):
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


CameraCommand = Retry | Enable | Disable | Learn | MakeH264 | Move | GoTo
Zones = tuple[CameraZone, ...]


class PresentView(TypedDict):
    """Whether somebody is at a window; null: it can't be told."""

    window: int
    present: bool | None


class CameraView(TypedDict):
    """A camera. `why_text` says in words why it is in its state; `dismissed_rate`, in lists, is
    the share of its alerts that were dismissed, null without any."""

    camera_id: str
    name: str
    group: str
    state: Literal["online", "stalled", "unreachable", "refused", "disabled"]
    why: str
    why_text: str
    faults: list[str]
    since: str
    width: int
    height: int
    fps: float
    codec: str
    zones: list[CameraZone]
    presence: list[PresentView]
    settings: CameraSettings
    dismissed_rate: NotRequired[float | None]


class CameraDetails(CameraView):
    """With what its manager may see. Addresses are without credentials; never a password."""

    onvif: str | None
    rtsp: str | None
    username: str
    profile: str
    identity: Identity
    measures: Measures | None


class ImportedView(TypedDict):
    cameras: list[CameraView]


class PtzView(TypedDict):
    """`ptz`: whether it can be turned and zoomed."""

    ptz: bool
    presets: list[Preset]


class RemovedView(TypedDict):
    camera_id: str
    removed: bool


class FoundView(TypedDict):
    """A device on the network; `camera_id` when it is one of the hall's already."""

    onvif: str
    name: str
    hardware: str
    camera_id: str | None


class FiguresRow(TypedDict):
    """Rates are 0 to 1; null where nothing was counted. `region` and `level` of halls."""

    key: str
    name: str
    cameras: int
    known_hours: float
    online_rate: float | None
    good_rate: float | None
    region: NotRequired[str]
    level: NotRequired[str]


# `from` is no name in Python.
FiguresView = TypedDict(
    "FiguresView",
    {"from": str | None, "to": str | None, "rows": list[FiguresRow], "total": FiguresRow | None},
)


class Address(msgspec.Struct, frozen=True):
    """Where a camera is, normalised, and how to get in."""

    onvif: str
    rtsp: str
    credentials: Credentials


def address_of(body: NewCameraBody | ProbeBody, where: str = "") -> Address:
    """The address of a new camera.

    Raises:
        Invalid: neither address was given, or one is none.
    """
    onvif = _onvif(body.onvif or "", where) if body.onvif else ""
    credentials = Credentials(body.username, body.password)
    if isinstance(body, ProbeBody) or not body.rtsp:
        if not onvif:
            raise invalid(
                f"{where}onvif",
                "请填写 ONVIF 地址或 RTSP 地址。",
                "Please give an ONVIF or an RTSP address.",
            )
        return Address(onvif, "", credentials)
    rtsp = _rtsp(body.rtsp, where)
    if not body.username:
        credentials = Credentials(rtsp.username, rtsp.password)
    return Address(onvif, rtsp.url, credentials)


def edited_address(old: Address, body: EditBody) -> Address:
    """What an edit makes of an address; null clears nothing, an empty text does.

    Raises:
        Invalid: nothing would be left, or an address is none.
    """
    onvif, rtsp, credentials = old.onvif, old.rtsp, old.credentials
    if body.onvif is not None:
        onvif = _onvif(body.onvif, "") if body.onvif else ""
    if body.rtsp is not None:
        parsed = _rtsp(body.rtsp, "") if body.rtsp else addresses.Rtsp("", "", "")
        rtsp = parsed.url
        if parsed.username:
            credentials = Credentials(parsed.username, parsed.password)
    if body.username is not None:
        credentials = msgspec.structs.replace(credentials, username=body.username)
    if body.password is not None:
        credentials = msgspec.structs.replace(credentials, password=body.password)
    if not onvif and not rtsp:
        raise invalid(
            "onvif", "请填写 ONVIF 地址或 RTSP 地址。", "Please give an ONVIF or an RTSP address."
        )
    return Address(onvif, rtsp, credentials)


def _onvif(text: str, where: str) -> str:
    try:
        return addresses.onvif_address(text)
    except addresses.BadAddress as error:
        raise invalid(f"{where}onvif", str(error), error.message_en) from None


def _rtsp(text: str, where: str) -> addresses.Rtsp:
    try:
        return addresses.rtsp_address(text)
    except addresses.BadAddress as error:
        raise invalid(f"{where}rtsp", str(error), error.message_en) from None
