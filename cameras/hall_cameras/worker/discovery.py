"""WS-Discovery: which cameras are on this network, and where a known one is now. Blocking.

The library WSDiscovery keeps to the specification, and cameras do not: it drops what calls itself
`ProbeMatch` instead of `ProbeMatches`, as firmware does. One probe and a lenient reading of what
comes back is all that is needed.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import selectors
import socket
import threading
import time
import uuid
from html import unescape
from urllib.parse import unquote, urlsplit

import ifaddr
import msgspec

from hall_cameras import addresses, wire
from hall_cameras.worker import onvif
from hall_cameras.worker.trouble import CameraTrouble

GROUP = ("239.255.255.250", 3702)
FOUND_MAX = 256
DATAGRAM_MAX = 64 * 1024
AGAIN_S = 3.0  # an answer may be 0.5 s late by the specification
ASKED_MAX = 64  # devices whose serial number is asked when one camera is looked for
ASKING_S = 30.0  # begins no further question then
FRESH_S = 20.0  # what answered a probe serves every camera that is looked for meanwhile
REMEMBERED_S = 3600.0  # longer than cameras count wrong passwords
REFUSED_MAX = 2  # most cameras lock an account after five

PROBE = """<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>
<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>
<a:MessageID>{id}</a:MessageID>
<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>
<s:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></s:Body></s:Envelope>"""


def discover(seconds: float) -> list[wire.Found]:
    """Devices that answer within `seconds`, by address."""
    question = f"urn:uuid:{uuid.uuid4()}"
    found: dict[str, wire.Found] = {}
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        for address in _own_addresses():
            asking = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            with contextlib.suppress(OSError):  # an interface without multicast
                asking.setblocking(False)
                asking.bind((address, 0))
                asking.setsockopt(
                    socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address)
                )
                asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
                asking.sendto(PROBE.format(id=question).encode(), GROUP)
                selector.register(asking, selectors.EVENT_READ)
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and len(found) < FOUND_MAX:
            if not selector.get_map():
                break
            for key, _ in selector.select(left):
                with contextlib.suppress(OSError):
                    data, peer = key.fileobj.recvfrom(DATAGRAM_MAX)  # type: ignore[union-attr]
                    device = answered(data.decode(errors="replace"), question, peer[0])
                    if device is not None:
                        found.setdefault(device.onvif, device)
    return sorted(found.values(), key=lambda device: device.onvif)


def _own_addresses() -> list[str]:
    """IPv4 addresses of this machine that cameras may be near."""
    found = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return [address for address in found if not address.startswith("127.")]


def answered(text: str, question: str, peer: str) -> wire.Found | None:
    """The device of an answer to our probe, or None for what is none."""
    if question not in text or "NetworkVideoTransmitter" not in text:
        return None
    services = _element(text, "XAddrs").split()
    usable = [url for url in services if urlsplit(url).scheme in ("http", "https")]
    if not usable:
        return None
    # It names every address it has: best the one that it answered from, then any of IPv4.
    usable.sort(key=lambda url: (f"/{peer}" not in url, "[" in url))
    try:
        url = addresses.onvif_address(usable[0])
    except addresses.BadAddress:
        return None
    scopes = _element(text, "Scopes").split()
    return wire.Found(onvif=url, name=_scope(scopes, "name"), hardware=_scope(scopes, "hardware"))


def _element(text: str, name: str) -> str:
    found = re.search(rf"<(?:[\w.-]+:)?{name}\b[^>]*>([^<]*)<", text)
    return unescape(found[1]) if found else ""


def _scope(scopes: list[str], kind: str) -> str:
    prefix = f"onvif://www.onvif.org/{kind}/"
    return next((unquote(s.removeprefix(prefix))[:60] for s in scopes if s.startswith(prefix)), "")


class Neighbours:
    """Cameras that are looked for by their serial numbers, for all cameras of a worker.

    Whoever answers the probe is asked with the password of the camera that is looked for, and
    counts a wrong one: what was told is remembered, and no address refuses us more often than
    `REFUSED_MAX` times in `REMEMBERED_S`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # one probe at a time serves all who wait for it
        self._found: list[wire.Found] = []
        self._found_at = float("-inf")
        self._serials: dict[str, tuple[float, str]] = {}  # address -> when, what it told
        self._refused: dict[str, dict[str, float]] = {}  # address -> credentials' hash -> when

    def find(self, access: wire.Access) -> onvif.Described | None:
        """The camera with this serial number at whatever address it has now; None: not here."""
        ends = time.monotonic() + ASKING_S
        for device in self._devices()[:ASKED_MAX]:
            if device.onvif == access.onvif or time.monotonic() > ends:
                continue
            there = msgspec.structs.replace(access, onvif=device.onvif)
            with contextlib.suppress(CameraTrouble):
                if self._serial(there) == access.serial:
                    return onvif.describe(there)
        return None

    def _devices(self) -> list[wire.Found]:
        with self._lock:
            if time.monotonic() - self._found_at > FRESH_S:
                self._found = discover(AGAIN_S)
                self._found_at = time.monotonic()
            return self._found

    def _serial(self, there: wire.Access) -> str:
        now = time.monotonic()
        at, told = self._serials.get(there.onvif, (float("-inf"), ""))
        if now - at < REMEMBERED_S:
            return told
        refused = self._refused.setdefault(there.onvif, {})
        for key in [key for key, at in refused.items() if now - at >= REMEMBERED_S]:
            del refused[key]
        offered = hashlib.sha256(f"{there.username}\0{there.password}".encode()).hexdigest()
        if offered in refused or len(refused) >= REFUSED_MAX:
            return ""
        try:
            told = onvif.serial(there)
        except CameraTrouble as trouble:
            if trouble.refused:
                refused[offered] = now
            raise
        self._serials[there.onvif] = (now, told)
        return told


NEIGHBOURS = Neighbours()
"""Of this process."""
