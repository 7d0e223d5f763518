"""ONVIF: what a camera says of itself, where its video is, turning it. Blocking; in threads.

The one module that knows ONVIF's shapes. Each function is one errand with its own connection and
bounds; all raise CameraTrouble.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hall_cameras import addresses, wire
from hall_cameras.worker import media2
from hall_cameras.worker.notices import first, words
from hall_cameras.worker.soap import Soap, named
from hall_cameras.worker.trouble import CameraTrouble

__all__ = ["Described", "camera", "clock_off", "describe", "go_to", "make_h264", "move", "presets"]

PROFILES_MAX = 256
SERVICES = {
    media2.FIRST: "media",
    media2.SECOND: "media2",
    "http://www.onvif.org/ver20/ptz/wsdl": "ptz",
    "http://www.onvif.org/ver10/events/wsdl": "events",
}
SUB_WIDTH = (320, 1280)  # px of a stream that is worth analysing and cheap to


class Described(NamedTuple):
    """`stream` is at the host where the camera was reached, without credentials."""

    identity: wire.Identity
    stream: str


@contextlib.contextmanager
def camera(access: wire.Access) -> Iterator[Soap]:
    """A connection for one errand, whose clock and services are known."""
    soap = Soap(access.onvif, access.username, access.password)
    try:
        _look_at_clock(soap)
        _look_at_services(soap)
        yield soap
    finally:
        soap.close()


def describe(access: wire.Access) -> Described:
    """Everything that is to be known before its video is opened."""
    with camera(access) as soap:
        device = soap.call("devicemgmt", "GetDeviceInformation")
        profiles = _profiles(soap)
        chosen = choose(profiles, access.profile)
        snapshot = ""
        with contextlib.suppress(CameraTrouble, addresses.BadAddress):  # a key frame will do
            snapshot = addresses.stream_reached(_snapshot(soap, chosen), soap.address)
        identity = wire.Identity(
            onvif=soap.address,
            manufacturer=_text(device, "Manufacturer"),
            model=_text(device, "Model"),
            firmware=_text(device, "FirmwareVersion"),
            serial=_text(device, "SerialNumber"),
            profiles=profiles,
            chosen=chosen,
            ptz="ptz" in soap.xaddrs,
            clock_off_s=round(soap.ahead.total_seconds()),
            snapshot=bool(snapshot),
        )
        if access.serial and identity.serial and identity.serial != access.serial:
            raise CameraTrouble("not_found", "another camera answers at this address")
        return Described(identity, _stream(soap, chosen))


def clock_off(access: wire.Access) -> float:
    """Seconds that the camera's clock is ahead of ours."""
    soap = Soap(access.onvif, "", "")
    try:
        _look_at_clock(soap)
        return soap.ahead.total_seconds()
    finally:
        soap.close()


def serial(access: wire.Access) -> str:
    """The camera's serial number."""
    with camera(access) as soap:
        return _text(soap.call("devicemgmt", "GetDeviceInformation"), "SerialNumber")


def _look_at_clock(soap: Soap) -> None:
    # Asked without credentials, as ONVIF wants it: a token signed with another time is refused.
    try:
        answer = soap.anonymous("devicemgmt", "GetSystemDateAndTime")
        with named():
            utc = answer["UTCDateTime"]
            day, at = utc["Date"], utc["Time"]
            there = datetime(
                day["Year"], day["Month"], day["Day"], at["Hour"], at["Minute"],
                min(at["Second"], 59), tzinfo=UTC,
            )  # fmt: skip
    except CameraTrouble as trouble:
        if trouble.why in ("bad_password", "bad_answer", "not_supported"):
            return  # it keeps its time to itself: ours must do
        raise
    ahead = there - datetime.now(UTC)
    # Its seconds are whole: less than two apart is the same time.
    soap.ahead = ahead if abs(ahead) > timedelta(seconds=2) else timedelta()


def _look_at_services(soap: Soap) -> None:
    # Only addresses: what else it says that it can is not believed, nor its order of elements.
    ask = "<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>"
    unanswered: CameraTrouble | None = None
    try:
        answer = soap.raw(soap.address, ask)
    except CameraTrouble as trouble:
        if trouble.why not in ("bad_answer", "not_supported"):
            raise
        unanswered = trouble
    else:
        for name, key in (("media", "Media"), ("ptz", "PTZ"), ("events", "Events")):
            announced = words(first(answer, key), "XAddr")
            if announced:
                soap.xaddrs[name] = announced
    # The second media service is told of here only, and some new cameras tell of nothing elsewhere.
    ask = "<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>"
    try:
        services = soap.raw(soap.address, ask).xpath(".//*[local-name()='Service']")
    except CameraTrouble:  # older cameras know no such question
        if unanswered is not None:
            raise unanswered from None
        return
    for service in services:
        name, announced = SERVICES.get(words(service, "Namespace"), ""), words(service, "XAddr")
        if name and announced:
            soap.xaddrs.setdefault(name, announced)


def _profiles(soap: Soap) -> tuple[wire.Profile, ...]:
    """Of both media services, each once: where they differ the second knows better."""
    found: dict[str, wire.Profile] = {}
    with contextlib.suppress(CameraTrouble):  # older cameras have but the first
        found = {profile.token: profile for profile in media2.profiles(soap)}
    try:
        answer = soap.call("media", "GetProfiles") or ()
    except CameraTrouble:
        if not found:
            raise
    else:
        known = [_profile(entry) for entry in answer[:PROFILES_MAX]]
        found = {profile.token: profile for profile in known} | found
    if not found:
        raise CameraTrouble("no_profile")
    return tuple(found.values())


def _profile(entry: Any) -> wire.Profile:
    encoder = _get(entry, "VideoEncoderConfiguration")
    size = _get(encoder, "Resolution")
    rate = _get(encoder, "RateControl")
    source = _get(entry, "VideoSourceConfiguration")
    return wire.Profile(
        token=str(_get(entry, "token") or ""),
        name=str(_get(entry, "Name") or ""),
        source=str(_get(source, "SourceToken") or ""),
        codec=str(_get(encoder, "Encoding") or ""),
        width=int(_get(size, "Width") or 0),
        height=int(_get(size, "Height") or 0),
        fps=float(_get(rate, "FrameRateLimit") or 0),
    )


def choose(profiles: Sequence[wire.Profile], wanted: str) -> str:
    """The profile to watch: the one a person chose, else the smallest that is worth analysing.

    Raises:
        CameraTrouble: there is none.
    """
    if wanted:
        if any(profile.token == wanted for profile in profiles):
            return wanted
        raise CameraTrouble("no_profile", "the chosen profile is gone")
    usable = [profile for profile in profiles if profile.token]
    if not usable:
        raise CameraTrouble("no_profile")
    first = [profile for profile in usable if profile.source == usable[0].source]
    low, high = SUB_WIDTH
    fitting = [profile for profile in first if low <= profile.width <= high]
    if fitting:
        return min(fitting, key=lambda p: (_codec(p), p.width * p.height)).token
    return min(first, key=lambda p: (p.width == 0, p.width * p.height)).token


def _codec(profile: wire.Profile) -> int:
    """Best is what browsers play, then what has few bytes. Not said: H.264, as it used to be."""
    return {"": 0, "H264": 0, "H265": 1}.get(profile.codec.upper(), 2)


def _stream(soap: Soap, profile: str) -> str:
    try:
        url = addresses.stream_reached(_announced(soap, profile), soap.address)
    except addresses.BadAddress:
        raise CameraTrouble("bad_answer", "no stream address") from None
    if not url.startswith(("rtsp://", "rtsps://")):  # FFmpeg would open files and anything else
        raise CameraTrouble("bad_answer", "the stream is not announced as RTSP")
    return url


def _announced(soap: Soap, profile: str) -> str:
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    try:
        answer = soap.call("media", "GetStreamUri", StreamSetup=setup, ProfileToken=profile)
    except CameraTrouble as trouble:
        if trouble.refused or "media2" not in soap.xaddrs:
            raise
        return media2.address(soap, "GetStreamUri", profile)
    return str(_get(answer, "Uri") or "")


def _snapshot(soap: Soap, profile: str) -> str:
    if "media" not in soap.xaddrs:
        return media2.address(soap, "GetSnapshotUri", profile)
    return str(soap.call("media", "GetSnapshotUri", ProfileToken=profile)["Uri"] or "")


def make_h264(access: wire.Access) -> None:
    """Have the video that is watched encoded in H.264, which browsers play."""
    with camera(access) as soap:
        media2.make_h264(soap, choose(_profiles(soap), access.profile))


# --- turning -----------------------------------------------------------------------------------


def presets(access: wire.Access) -> list[wire.Preset]:
    """The places it can turn to by itself."""
    with camera(access) as soap:
        profile = choose(_profiles(soap), access.profile)
        answer = soap.call("ptz", "GetPresets", ProfileToken=profile) or []
        return [
            wire.Preset(token=str(_get(entry, "token") or ""), name=str(_get(entry, "Name") or ""))
            for entry in answer[:PROFILES_MAX]
        ]


def go_to(access: wire.Access, token: str) -> None:
    """Turn to a preset."""
    with camera(access) as soap:
        profile = choose(_profiles(soap), access.profile)
        soap.call("ptz", "GotoPreset", ProfileToken=profile, PresetToken=token)


def move(
    access: wire.Access,
    velocity: tuple[float, float, float],
    seconds: float,
    superseded: threading.Event | None = None,
) -> None:
    """Turn for `seconds`, then stop. Cameras ignore the time-out of a move: Stop is always sent
    (but when another move follows: `superseded`), and when a camera knows no Stop, a move at no
    speed."""
    pan, tilt, zoom = velocity
    with camera(access) as soap:
        profile = choose(_profiles(soap), access.profile)
        speed = {"PanTilt": {"x": pan, "y": tilt}, "Zoom": {"x": zoom}}
        follows = False
        try:
            soap.call("ptz", "ContinuousMove", ProfileToken=profile, Velocity=speed)
            follows = (superseded or threading.Event()).wait(seconds)
        finally:
            if not follows:
                _stop(soap, profile)


def _stop(soap: Soap, profile: str) -> None:
    try:
        soap.call("ptz", "Stop", ProfileToken=profile, PanTilt=True, Zoom=True)
    except CameraTrouble:
        still = {"PanTilt": {"x": 0.0, "y": 0.0}, "Zoom": {"x": 0.0}}
        soap.call("ptz", "ContinuousMove", ProfileToken=profile, Velocity=still)


# --- answers, of which any part may be missing -------------------------------------------------


def _get(entry: Any, key: str) -> Any:
    if entry is None:
        return None
    try:
        return entry[key]
    except (KeyError, TypeError, AttributeError, IndexError):
        return None


def _text(entry: Any, key: str) -> str:
    return str(_get(entry, key) or "")[:128]
