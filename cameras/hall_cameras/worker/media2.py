"""ONVIF's second media service (Profile T), of which onvif-zeep has no WSDL. Blocking; in threads.

A stream in H.265 is announced here and nowhere else: by the first media service it is left out, or
called H.264. Few words of the answers matter, so they are read as they are.
"""

from __future__ import annotations

import copy
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from hall_cameras import wire
from hall_cameras.worker.notices import first, words
from hall_cameras.worker.soap import Soap, named
from hall_cameras.worker.trouble import CameraTrouble

SECOND = "http://www.onvif.org/ver20/media/wsdl"
_SCHEMA = "http://www.onvif.org/ver10/schema"
PROFILES_MAX = 256
H264 = "H264"


def find(soap: Soap) -> None:
    """Have `soap.xaddrs` know the service, if the camera has it."""
    ask = "<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>"
    for service in soap.raw(soap.address, ask).xpath(".//*[local-name()='Service']"):
        if words(service, "Namespace") == SECOND and words(service, "XAddr"):
            soap.xaddrs["media2"] = words(service, "XAddr")


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


def stream(soap: Soap, profile: str) -> str:
    """Where a profile's video is, as the camera announces it."""
    ask = (
        "<tr2:GetStreamUri><tr2:Protocol>RTSP</tr2:Protocol>"
        f"<tr2:ProfileToken>{escape(profile)}</tr2:ProfileToken></tr2:GetStreamUri>"
    )
    return words(_ask(soap, ask), "Uri")


def make_h264(soap: Soap, profile: str) -> None:
    """Have a profile encoded in H.264: what it was set to, with another codec.

    Raises:
        CameraTrouble: "not_supported" when it stays as it was.
    """
    service, part = ("tr2", "VideoEncoder") if "media2" in soap.xaddrs else (
        "trt", "VideoEncoderConfiguration"
    )  # fmt: skip
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


def _ask(soap: Soap, body: str, service: str = "tr2") -> Any:
    url = soap.xaddrs.get("media2" if service == "tr2" else "media")
    if url is None:
        raise CameraTrouble("not_supported", service)
    return soap.raw(url, body)


def _of(service: str) -> str:
    return SECOND if service == "tr2" else "http://www.onvif.org/ver10/media/wsdl"
