"""What a camera's ONVIF events say of its picture. Pure: elements in, words out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias

Notice: TypeAlias = Literal["tampered", "signal_lost"]

_TOPICS: tuple[tuple[Notice, re.Pattern[str]], ...] = (
    ("tampered", re.compile(r"tamper|globalscenechange|imagetoo(blurry|dark|bright)", re.I)),
    ("signal_lost", re.compile(r"signal_?lo(ss|st)|videoloss|connectionfailed", re.I)),
)
_YES, _NO = ("true", "1"), ("false", "0")


def noticed(messages: Sequence[Any], source: str) -> Iterator[tuple[Notice, bool]]:
    """What messages (lxml) say of the picture of the channel `source`, "" for a camera that has
    one: (what, whether it is so)."""
    for message in messages:
        topic = words(message, "Topic")
        notice = next((name for name, pattern in _TOPICS if pattern.search(topic)), None)
        if notice is None or _of_another(message, source):
            continue
        for _, value in _items(message, "Data"):
            if value in _YES + _NO:
                yield notice, value in _YES
                break


def _of_another(message: Any, source: str) -> bool:
    # Some name the channel's source, some its configuration; the latter we do not know.
    return bool(source) and any(
        name in ("source", "videosource", "videosourcetoken") and value != source.lower()
        for name, value in _items(message, "Source")
    )


def _items(message: Any, part: str) -> Iterator[tuple[str, str]]:
    for item in message.xpath(f".//*[local-name()='{part}']/*[local-name()='SimpleItem']"):
        yield item.get("Name", "").lower(), item.get("Value", "").lower()


def first(element: Any, name: str) -> Any:
    """The first element of this name within, or None."""
    if element is None:
        return None
    found = element.xpath(f".//*[local-name()='{name}']")
    return found[0] if found else None


def words(element: Any, name: str) -> str:
    """What stands in it; "" when there is none."""
    found = first(element, name)
    return "" if found is None else "".join(found.itertext()).strip()
