"""SDP as GB/T 28181 writes it, with its own lines y= and f=. Pure."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

SDP_MAX = 8192  # bytes
PS = 96
SETUPS = {"passive": "active", "active": "passive"}


SessionKind: TypeAlias = Literal["Play", "Playback", "Download", "Talk"]
SESSIONS: dict[str, SessionKind] = {
    "play": "Play", "playback": "Playback", "download": "Download", "talk": "Talk",
}  # fmt: skip


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What the upper platform wants: where to send, how, and of what."""

    session: SessionKind
    host: str
    port: int
    tcp: bool
    setup: str  # theirs: "passive" (we dial) or "active" (they do); "" over UDP
    ps: bool  # payload type 96 is among those offered
    stream: int  # 0 main (also when nothing is said), 1 sub
    ssrc: str  # ten digits, or "" when we shall choose
    time: str  # of t=


class BadOffer(ValueError):
    """No offer that can be read."""


_ADDRESS = re.compile(r"IN\s+IP4\s+([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?:/\S*)?\Z")


def offer(body: bytes) -> Offer:
    """Read an INVITE's body.

    Raises:
        BadOffer: it is none.
    """
    if len(body) > SDP_MAX:
        raise BadOffer("too long")
    fields: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for line in body.decode("utf-8", "replace").splitlines():
        key, equals, value = line.strip().partition("=")
        if not equals or len(key) != 1:
            continue
        if key == "a":
            name, _, text = value.partition(":")
            attributes.setdefault(name.strip().lower(), text.strip())
        elif key == "m" and "m" in fields:
            break  # of several media the first is ours
        else:
            fields[key] = value.strip()
    host = _host(fields.get("c", ""))
    media = fields.get("m", "").split()
    if len(media) < 4 or media[0].lower() != "video" or not re.fullmatch(r"\d{1,5}", media[1]):
        raise BadOffer("no video")
    port = int(media[1])
    if not 0 < port < 65536:
        raise BadOffer("no port")
    tcp = "TCP" in media[2].upper()
    setup = attributes.get("setup", "passive").lower() if tcp else ""
    if tcp and setup not in SETUPS:
        raise BadOffer("setup is neither active nor passive")
    session = SESSIONS.get(fields.get("s", "").strip().lower())
    if session is None:
        raise BadOffer("a session of another kind")
    return Offer(
        session=session,
        host=host,
        port=port,
        tcp=tcp,
        setup=setup,
        ps=str(PS) in media[3:],
        stream=_stream(attributes),
        ssrc=_ssrc(fields.get("y", "")),
        time=fields.get("t", "0 0")[:64],
    )


def _host(line: str) -> str:
    found = _ADDRESS.match(line)
    if found is None or any(int(part) > 255 for part in found[1].split(".")):
        raise BadOffer("no address")
    return found[1]


def _stream(attributes: dict[str, str]) -> int:
    """`streamnumber` of 2022; `streamprofile` and `streamMode` are what others wrote before."""
    text = attributes.get("streamnumber", "")
    if re.fullmatch(r"\d", text):
        return min(int(text), 1)
    mode = (attributes.get("streammode") or attributes.get("streamprofile") or "").lower()
    return 1 if mode in ("sub", "1") else 0


def _ssrc(text: str) -> str:
    """Ten digits stay ten digits: a leading 0 counts. All zero: we shall choose."""
    if not re.fullmatch(r"[0-9]{1,10}", text):
        return ""
    text = text.rjust(10, "0")
    return "" if text == "0" * 10 or int(text) >= 1 << 32 else text


def answer(asked: Offer, channel: str, host: str, port: int, ssrc: str) -> bytes:
    """Our side: where we send from, or where we listen for an `active` peer."""
    lines = [
        "v=0",
        f"o={channel} 0 0 IN IP4 {host}",
        f"s={asked.session}",
        f"c=IN IP4 {host}",
        f"t={asked.time}",
        f"m=video {port} {'TCP/RTP/AVP' if asked.tcp else 'RTP/AVP'} {PS}",
        "a=sendonly",
        f"a=rtpmap:{PS} PS/90000",
    ]
    if asked.tcp:
        lines += [f"a=setup:{SETUPS[asked.setup]}", "a=connection:new"]
    return "".join(line + "\r\n" for line in [*lines, f"y={ssrc}"]).encode()
