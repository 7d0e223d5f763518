"""MANSCDP: the XML inside of GB/T 28181's messages. Pure.

Read without any DTD: no entity is ever declared, so none can grow. Written in the charset of the
peer's version; what that lacks is written as a character reference, which every parser reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import msgspec

from hall_cameras.cascade.text import declared

CONTENT_TYPE = "Application/MANSCDP+xml"
BODY_MAX = 64 * 1024  # bytes

Version: TypeAlias = Literal["2016", "2022"]
CHARSETS: dict[Version, str] = {"2016": "gb2312", "2022": "gb18030"}

Child: TypeAlias = "tuple[str, str | int | list[Child]]"
"""An element: its name, and its text or what is in it."""

_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^>]{0,200}\?>")
_CHARSET = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]{1,20})["']""")
_ILLEGAL = re.compile("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class BadBody(ValueError):
    """No MANSCDP that can be read."""


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A body's head, and the text of the elements below its root."""

    root: str  # Query, Control, Notify, Response
    command: str  # CmdType
    sn: str
    device: str
    fields: dict[str, str]


def read(data: bytes) -> Body:
    """Read a body in any charset that platforms use.

    Raises:
        BadBody: it is none.
    """
    if len(data) > BODY_MAX:
        raise BadBody("longer than 64 KiB")
    charset = _CHARSET.search(data[:200])
    text = declared(data, charset[1].decode() if charset else "")
    text = _DECLARATION.sub("", text).strip().strip("\0")
    if "<!" in text.replace("<!--", "").replace("<![CDATA[", ""):
        raise BadBody("a DTD")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise BadBody(str(error)[:100]) from None
    fields: dict[str, str] = {}
    for index, child in enumerate(root):
        if index > 64:
            break
        fields.setdefault(child.tag, (child.text or "").strip()[:256])
    body = Body(
        root=root.tag,
        command=fields.get("CmdType", ""),
        sn=fields.get("SN", ""),
        device=fields.get("DeviceID", ""),
        fields=fields,
    )
    if not body.command or not re.fullmatch(r"[0-9]{1,20}", body.sn):
        raise BadBody("no CmdType or SN")
    return body


def write(
    root: str, command: str, sn: str | int, device: str, children: Iterable[Child], version: Version
) -> bytes:
    """A body of ours."""
    head: list[Child] = [("CmdType", command), ("SN", str(sn)), ("DeviceID", device)]
    charset = CHARSETS[version]
    text = f'<?xml version="1.0" encoding="{charset.upper()}"?>\r\n<{root}>\r\n'
    text += "".join(line + "\r\n" for child in [*head, *children] for line in _lines(child))
    return (text + f"</{root}>\r\n").encode(charset, "xmlcharrefreplace")


def element(child: Child, version: Version) -> bytes:
    """One element as it will be written, to know its length."""
    text = "".join(line + "\r\n" for line in _lines(child))
    return text.encode(CHARSETS[version], "xmlcharrefreplace")


def _lines(child: Child) -> Iterator[str]:
    name, content = child
    match = re.match(r"\w+", name)
    assert match is not None
    closing = match[0]  # a name may carry attributes
    if isinstance(content, list):
        yield f"<{name}>"
        for inner in content:
            yield from _lines(inner)
        yield f"</{closing}>"
    else:
        yield f"<{name}>{escape(_ILLEGAL.sub(' ', str(content)))}</{closing}>"
