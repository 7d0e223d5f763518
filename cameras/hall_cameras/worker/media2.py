"""ONVIF's second media service (Profile T), of which onvif-zeep has no WSDL. Blocking; in threads.

A stream in H.265 is announced here and nowhere else: by the first media service it is left out, or
called H.264. Few words of the answers matter, so they are read as they are.
"""

from __future__ import annotations

import copy
from typing import Any, Literal
from xml.sax.saxutils import escape

from lxml import etree

from hall_cameras import wire
from hall_cameras.worker.notices import first, words
from hall_cameras.worker.soap import Soap, named
from hall_cameras.worker.trouble import CameraTrouble

FIRST = "http://www.onvif.org/ver10/media/wsdl"
SECOND = "http://www.onvif.org/ver20/media/wsdl"
_SCHEMA = "http://www.onvif.org/ver10/schema"
PROFILES_MAX = 256
H264 = "H264"


def profiles(soap: Soap) -> list[wire.Profile]:
    """Its streams, with their true codecs."""
    ask = (
        "<tr2:GetProfiles><tr2:Type>VideoSource</tr2:Type><tr2:Type>VideoEncoder</tr2:Type>"
        "</tr2:GetProfiles>"
    )
    entries = _ask(soap, ask).xpath(".//*[local-name()='Profiles']")
    with named():
        return [_profile(entry) for entry in entries[:PROFILES_MAX]]


def _profile(entry: Any) -> wire.Profile:
    source, encoder = first(entry, "VideoSource"), first(entry, "VideoEncoder")
    return wire.Profile(
        token=entry.get("token") or "",
        name=words(entry, "Name"),
        source=words(source, "SourceToken"),
        codec=words(encoder, "Encoding"),
        width=int(words(encoder, "Width") or 0),
        height=int(words(encoder, "Height") or 0),
        fps=float(words(encoder, "FrameRateLimit") or 0),
    )


def address(soap: Soap, ask: Literal["GetStreamUri", "GetSnapshotUri"], profile: str) -> str:
    """Where a profile's video or its still is, as the camera announces it."""
    kind = "<tr2:Protocol>RTSP</tr2:Protocol>" if ask == "GetStreamUri" else ""
    token = f"<tr2:ProfileToken>{escape(profile)}</tr2:ProfileToken>"
    return words(_ask(soap, f"<tr2:{ask}>{kind}{token}</tr2:{ask}>"), "Uri")


def ask_key_frame(soap: Soap, profile: str) -> None:
    """Have the camera send a key frame now."""
    service = _service(soap)
    ask = f"{service}:SetSynchronizationPoint"
    token = f"<{service}:ProfileToken>{escape(profile)}</{service}:ProfileToken>"
    _ask(soap, f"<{ask}>{token}</{ask}>", service)


def make_h264(soap: Soap, profile: str) -> None:
    """Have a profile encoded in H.264: what it was set to, with another codec.

    Raises:
        CameraTrouble: "not_supported" when it stays as it was.
    """
    service = _service(soap)
    part = "VideoEncoder" if service == "tr2" else "VideoEncoderConfiguration"
    configuration = _encoder(soap, service, part, profile)
    wanted = etree.Element(f"{{{_of(service)}}}Configuration", nsmap=configuration.nsmap)
    for name, value in configuration.attrib.items():
        if name != "Profile":  # of the codec that it had
            wanted.set(name, value)
    wanted.extend(copy.deepcopy(child) for child in configuration)
    first(wanted, "Encoding").text = H264
    if service == "trt" and first(wanted, "H264") is None:
        _describe_h264(wanted)
    force = "<trt:ForcePersistence>true</trt:ForcePersistence>" if service == "trt" else ""
    body = (
        f"<{service}:SetVideoEncoderConfiguration>{etree.tostring(wanted, encoding='unicode')}"
        f"{force}</{service}:SetVideoEncoderConfiguration>"
    )
    _ask(soap, body, service)
    if words(_encoder(soap, service, part, profile), "Encoding") != H264:
        raise CameraTrouble("not_supported", "it kept its codec")


def _describe_h264(wanted: Any) -> None:
    # A key frame a second is what the checks and the live view want.
    rate = words(wanted, "FrameRateLimit")
    made = etree.SubElement(wanted, f"{{{_SCHEMA}}}H264")
    etree.SubElement(made, f"{{{_SCHEMA}}}GovLength").text = rate or "25"
    etree.SubElement(made, f"{{{_SCHEMA}}}H264Profile").text = "Main"
    for name in ("RateControl", "Quality", "Resolution"):  # it stands behind the last of these
        before = wanted.find(f"{{{_SCHEMA}}}{name}")
        if before is not None:
            before.addnext(made)
            break


def _encoder(soap: Soap, service: str, part: str, profile: str) -> Any:
    ask = f"<{service}:GetProfiles/>"
    if service == "tr2":
        ask = "<tr2:GetProfiles><tr2:Type>VideoEncoder</tr2:Type></tr2:GetProfiles>"
    for entry in _ask(soap, ask, service).xpath(".//*[local-name()='Profiles']"):
        if entry.get("token") == profile and first(entry, part) is not None:
            return first(entry, part)
    raise CameraTrouble("no_profile")


def _service(soap: Soap) -> str:
    return "tr2" if "media2" in soap.xaddrs else "trt"


def _ask(soap: Soap, body: str, service: str = "tr2") -> Any:
    url = soap.xaddrs.get("media2" if service == "tr2" else "media")
    if url is None:
        raise CameraTrouble("not_supported", service)
    return soap.raw(url, body)


def _of(service: str) -> str:
    return SECOND if service == "tr2" else FIRST
