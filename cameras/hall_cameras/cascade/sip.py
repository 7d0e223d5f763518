"""SIP messages (RFC 3261) as GB/T 28181 uses them: read, write, and nothing else. Pure.

A parser of our own, because neither library carries this dialect (both tried, 2026-11):
sipmessage 0.7.1 refuses `sip:34020000001320000001@3402000000` ("URI is not valid": a domain of
digits only) and any header in GB 2312; aiosipua 0.7.1 decodes headers as UTF-8 with losses, has
no bounds, and comes with transports and media of its own. What is read here is bounded, keeps
what it does not know, and never raises anything but `BadMessage`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from hall_cameras.cascade.text import decode

MESSAGE_MAX: Final = 64 * 1024  # bytes of one message
HEADERS_MAX: Final = 100
LINE_MAX: Final = 4096  # characters

COMPACT: Final = {
    "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type", "f": "from",
    "s": "subject", "k": "supported", "t": "to", "v": "via", "o": "event", "e": "content-encoding",
}  # fmt: skip

REASONS: Final = {
    100: "Trying", 200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 415: "Unsupported Media Type", 420: "Bad Extension",
    481: "Call/Transaction Does Not Exist", 486: "Busy Here", 487: "Request Terminated",
    488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
    500: "Server Internal Error", 503: "Service Unavailable",
}  # fmt: skip

_TOKEN = re.compile(r"[A-Za-z0-9!%*_+`'~.-]+")
_URI = re.compile(r"sips?:(?:([^@\s;>]*)@)?([^\s:;?>]+)(?::(\d{1,5}))?", re.IGNORECASE)
_TAG = re.compile(r";\s*tag\s*=\s*([^;,\s>]+)", re.IGNORECASE)
_BRANCH = re.compile(r";\s*branch\s*=\s*([^;,\s]+)", re.IGNORECASE)
_CSEQ = re.compile(r"(\d{1,10})\s+([A-Z]+)\Z")


class BadMessage(ValueError):
    """These bytes are no SIP message, or more than one may be."""


class Uri(msgspec.Struct, frozen=True):
    user: str
    host: str
    port: int | None = None

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"sip:{self.user}@{self.host}{port}" if self.user else f"sip:{self.host}{port}"


def uri(text: str) -> Uri:
    """The first SIP address in `text`, also between angle brackets.

    Raises:
        BadMessage: there is none.
    """
    found = _URI.search(text)
    if found is None:
        raise BadMessage("no SIP address")
    port = None if found[3] is None else int(found[3])
    if port is not None and not 0 < port < 65536:
        raise BadMessage("a port that is none")
    return Uri(found[1] or "", found[2], port)


class Message(msgspec.Struct, kw_only=True):
    """A request (`method`, `target`) or a response (`status`). Header names are lower case and
    keep their order."""

    method: str = ""
    target: str = ""
    status: int = 0
    reason: str = ""
    headers: list[tuple[str, str]]
    body: bytes = b""

    @property
    def is_request(self) -> bool:
        return self.status == 0

    def get(self, name: str) -> str:
        """The first header of this name; "" for none."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    @property
    def cseq(self) -> tuple[int, str]:
        """Raises BadMessage when there is none."""
        found = _CSEQ.match(self.get("cseq"))
        if found is None:
            raise BadMessage("no CSeq")
        return int(found[1]), found[2]

    @property
    def branch(self) -> str:
        """Of the topmost Via."""
        found = _BRANCH.search(self.get("via").split(",")[0])
        return found[1] if found else ""

    @property
    def content_type(self) -> str:
        return self.get("content-type").split(";")[0].strip().lower()

    @property
    def transaction(self) -> tuple[str, str, str]:
        """What retransmissions of one request share, and its responses. ACK is told apart from
        its INVITE by the method."""
        return self.branch, self.call_id, f"{self.cseq[0]} {self.method or self.cseq[1]}"

    def encode(self) -> bytes:
        if self.is_request:
            first = f"{self.method} {self.target} SIP/2.0"
        else:
            first = f"SIP/2.0 {self.status} {self.reason or REASONS.get(self.status, 'Unknown')}"
        kept = [entry for entry in self.headers if entry[0] != "content-length"]
        lines = [first, *(f"{_written(key)}: {value}" for key, value in kept)]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + self.body


def _written(name: str) -> str:
    special = {"call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate"}
    if name == "x-gb-ver":
        return "X-GB-Ver"
    return special.get(name) or "-".join(part.capitalize() for part in name.split("-"))


def tag(address: str) -> str:
    """The tag of a From or To; "" for none."""
    found = _TAG.search(address)
    return found[1] if found else ""


# --- reading -----------------------------------------------------------------------------------


def parse(data: bytes) -> Message:
    """One whole message, as a datagram holds it. A body that is shorter than it says is refused,
    a longer one is cut (RFC 3261, 18.3).

    Raises:
        BadMessage: it is none.
    """
    if len(data) > MESSAGE_MAX:
        raise BadMessage("longer than 64 KiB")
    head, separator, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        raise BadMessage("no end of the headers")
    message = _head(head)
    length = _length(message)
    if length is not None:
        if length > len(body):
            raise BadMessage("a body that was cut off")
        body = body[:length]
    message.body = body
    return message


def _head(data: bytes) -> Message:
    if b"\0" in data:
        raise BadMessage("a zero byte in the headers")
    lines = _unfolded(decode(data))
    first = next(lines, "").split(" ", 2)
    if len(first) < 3:
        raise BadMessage("no first line")
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not _TOKEN.fullmatch(name):
            raise BadMessage("a line that is no header")
        if len(headers) >= HEADERS_MAX:
            raise BadMessage("too many headers")
        headers.append((COMPACT.get(name, name), value.strip()))
    if first[0] == "SIP/2.0":
        if not re.fullmatch(r"[1-6][0-9]{2}", first[1]):
            raise BadMessage("no status")
        message = Message(status=int(first[1]), reason=first[2][:100], headers=headers)
    elif first[2].strip() == "SIP/2.0" and _TOKEN.fullmatch(first[0]):
        message = Message(method=first[0], target=first[1], headers=headers)
    else:
        raise BadMessage("neither a request nor a response")
    for name in ("via", "from", "to", "call-id"):
        if not message.get(name):
            raise BadMessage(f"no {name}")
    _, method = message.cseq
    if message.is_request and method != message.method:
        raise BadMessage("another method in CSeq")
    return message


def _unfolded(text: str) -> Iterator[str]:
    whole: str | None = None
    for line in text.split("\r\n"):
        if len(line) > LINE_MAX or (whole is not None and len(whole) > LINE_MAX):
            raise BadMessage("a line too long")
        if line[:1] in (" ", "\t") and whole is not None:
            whole += " " + line.strip()
            continue
        if whole is not None:
            yield whole
        whole = line
    if whole is not None:
        yield whole


def _length(message: Message) -> int | None:
    text = message.get("content-length")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise BadMessage("a length that is none")
    return int(text)


class Stream:
    """Messages out of a TCP connection's bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterable[Message]:
        """The messages that are complete now.

        Raises:
            BadMessage: the stream can't be followed any more; close the connection.
        """
        self._buffer += data
        found: list[Message] = []
        while True:
            blank = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))  # keep-alives
            del self._buffer[:blank]
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                break
            message = _head(bytes(self._buffer[:end]))
            length = _length(message)
            if length is None:
                raise BadMessage("no Content-Length on a stream")
            whole = end + 4 + length
            if whole > MESSAGE_MAX:
                raise BadMessage("longer than 64 KiB")
            if len(self._buffer) < whole:
                break
            message.body = bytes(self._buffer[end + 4 : whole])
            del self._buffer[:whole]
            found.append(message)
        if len(self._buffer) > MESSAGE_MAX:
            raise BadMessage("longer than 64 KiB")
        return found


# --- answering ---------------------------------------------------------------------------------


def response(
    request: Message,
    status: int,
    to_tag: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    content_type: str = "",
) -> Message:
    """An answer with what has to be copied from the request."""
    copied = [(key, value) for key, value in request.headers if key == "via"]
    to = request.get("to")
    if to_tag and not tag(to):
        to += f";tag={to_tag}"
    copied += [
        ("from", request.get("from")),
        ("to", to),
        ("call-id", request.call_id),
        ("cseq", request.get("cseq")),
        *headers,
    ]
    if body:
        copied.append(("content-type", content_type))
    return Message(status=status, headers=copied, body=body)


def returned(via: str, host: str, port: int) -> str:
    """A topmost Via with where its request came from (RFC 3581)."""
    first, comma, rest = via.partition(",")
    via = re.sub(r";\s*rport\s*(?=;|\Z)", f";rport={port}", first)
    if f"received={host}" not in via:
        via += f";received={host}"
    return via + comma + rest
