"""Addresses of cameras as people type them and as cameras announce them. Pure.

Passwords are kept apart from addresses as early as possible and put in, percent-encoded, at the
last moment. Whatever is logged goes through `mask`.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit, urlunsplit

ONVIF_PATH = "/onvif/device_service"
TEXT_MAX = 500
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z_](?:[0-9A-Za-z_.-]{0,251}[0-9A-Za-z_])?")


class BadAddress(ValueError):
    """The address can't be one; the message is for the person who typed it."""

    def __init__(self, message: str, message_en: str = "") -> None:
        super().__init__(message)
        self.message_en = message_en


class Rtsp(NamedTuple):
    """An RTSP address with what stood before its `@` taken out."""

    url: str
    username: str
    password: str


def onvif_address(text: str) -> str:
    """The device service's URL from a host, host:port or URL.

    Raises:
        BadAddress: it is none.
    """
    text = _plain(text)
    if "://" not in text:
        text = f"http://{text}"
    parts = _split(text, ("http", "https"))
    path = parts.path if parts.path not in ("", "/") else ONVIF_PATH
    return urlunsplit((parts.scheme, _netloc(parts.hostname, parts.port), path, parts.query, ""))


def rtsp_address(text: str) -> Rtsp:
    """An RTSP URL, whose user name and password may hold any character, encoded or not.

    Raises:
        BadAddress: it is none.
    """
    text = _plain(text)
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in ("rtsp", "rtsps"):
        raise BadAddress("RTSP 地址应以 rtsp:// 开头。", "An RTSP address begins with rtsp://.")
    # The last @ ends the credentials: a password may hold @ : / # itself.
    credentials, at, place = rest.rpartition("@")
    username, _, password = credentials.partition(":") if at else ("", "", "")
    url = _single_port(f"{scheme.lower()}://{place}")
    _split(url, ("rtsp", "rtsps"))
    return Rtsp(url, unquote(username), unquote(password))


def with_credentials(url: str, username: str, password: str) -> str:
    """`url` with user name and password, percent-encoded."""
    if not username:
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{quote(username, safe='')}:{quote(password, safe='')}@{rest}"


def reached(announced: str, used: str) -> str:
    """A service's address that a camera announced, at the host and port where we reached it.

    A camera behind NAT announces the address that it sees of itself.
    """
    there, here = _lenient(announced), _lenient(used)
    if there is None or here is None:
        return used
    return urlunsplit((here.scheme, here.netloc, there.path or ONVIF_PATH, there.query, ""))


def stream_reached(announced: str, used: str) -> str:
    """A stream's (or snapshot's) address at the host where we reached the camera; its own port.

    Raises:
        BadAddress: it is no address.
    """
    here = _lenient(used)
    cleaned = _single_port(announced.strip())
    scheme, separator, rest = cleaned.partition("://")
    if not separator or here is None or here.hostname is None:
        raise BadAddress("摄像机给出的视频地址无法解读。")
    place = rest.rpartition("@")[2] if "@" in rest.partition("/")[0] else rest
    parts = _lenient(f"{scheme}://{place}")
    if parts is None:
        raise BadAddress("摄像机给出的视频地址无法解读。")
    netloc = _netloc(here.hostname, parts.port)
    return urlunsplit((parts.scheme.lower(), netloc, parts.path, parts.query, ""))


def followed(stream: str, old: str, new: str) -> str:
    """A stream's address after its camera moved from the address `old` to `new`; what is not on
    the camera's own host stays."""
    parts, there, here = _lenient(stream), _lenient(old), _lenient(new)
    if parts is None or there is None or here is None or parts.hostname != there.hostname:
        return stream
    netloc = _netloc(here.hostname, parts.port)
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))


def group_of(onvif: str, rtsp: str) -> str:
    """What cameras of one recorder share: its host and port."""
    parts = _lenient(onvif or rtsp)
    return "" if parts is None else parts.netloc


def mask(text: str) -> str:
    """`text` for a log: what stands before the `@` of any address is hidden."""
    return re.sub(r"(\w+://)[^\s'\"]*@", r"\1***@", text)


def _plain(text: str) -> str:
    text = text.strip()
    if not text or len(text) > TEXT_MAX or not text.isprintable() or " " in text:
        raise BadAddress(
            "地址为空、过长，或含有空格等字符。",
            "The address is empty or too long, or has spaces or other signs in it.",
        )
    return text


def _single_port(url: str) -> str:
    # Firmware puts its RTSP port behind a host that has the port of HTTP already: the last counts.
    return re.sub(r"^(\w+://(?:\[[^\]]*\]|[^/:@]+))(?::\d*)+:(\d+)(?=[/?]|$)", r"\1:\2", url)


class _Parts(NamedTuple):
    scheme: str
    netloc: str
    hostname: str | None
    port: int | None
    path: str
    query: str


def _lenient(url: str) -> _Parts | None:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    netloc = _netloc(parts.hostname, port)
    return _Parts(parts.scheme, netloc, parts.hostname, port, parts.path, parts.query)


def _split(url: str, schemes: tuple[str, ...]) -> _Parts:
    parts = _lenient(url)
    if parts is None or parts.scheme.lower() not in schemes or parts.hostname is None:
        raise BadAddress(
            f"地址应为 {schemes[0]}://主机[:端口]/… 的形式。",
            f"Please write the address like {schemes[0]}://host[:port]/…",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if not _HOST.fullmatch(host) or "@" in url:
        raise BadAddress(
            "地址里的主机名不正确；用户名和密码请另行填写。",
            "The host in the address is wrong. User name and password have their own fields.",
        )
    return parts


def _netloc(host: str | None, port: int | None) -> str:
    host = host or ""
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"
