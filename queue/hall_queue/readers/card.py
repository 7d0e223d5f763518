"""What a reader's local service answers, as the one thing we want of it: who this is. Pure.

Source: 新中新 "webapi读卡接口说明" V3.3.4 (`/api/ReadMsg`). The photo, the address and the
fingerprints that its answer may hold are never decoded, so there is nothing to keep or to log.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

ANSWER_MAX = 1024 * 1024  # bytes; with both pictures it has some 200 KiB
NAME_MAX = 60

CardFault: TypeAlias = Literal["no_card", "no_reader", "unreadable"]


class Card(msgspec.Struct, frozen=True):
    """A card that was read. Never printed: `repr` names nobody."""

    number: str
    name: str

    def __repr__(self) -> str:
        return "Card(…)"


class _Answer(msgspec.Struct):
    """The fields that matter; the rest is skipped. `code` "0" is success; `retcode` is the
    reader's state, then the photo's."""

    code: str = ""
    retcode: str = ""
    name: str = ""
    cardno: str = ""


_decoder = msgspec.json.Decoder(_Answer)


def read_answer(raw: bytes) -> Card | CardFault:
    """The card in a ReadMsg answer, or why there is none.

    no_card: none lies there, it was taken away too soon, or another program is reading; try
    again. no_reader: the service has lost its reader. unreadable: this is no ReadMsg answer.
    """
    if len(raw) > ANSWER_MAX:
        return "unreadable"
    try:
        answer = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "unreadable"
    number, name = answer.cardno.strip().upper(), answer.name.strip()
    if answer.code == "0" or answer.retcode.startswith("0x90"):
        if not number or len(number) > 20 or not number.isascii():
            return "unreadable"
        return Card(number, name[:NAME_MAX])
    if not answer.code and not answer.retcode:
        return "unreadable"
    # 0x1 … 0x5: the port could not be opened; everything else is about the card.
    state = answer.retcode.partition(" ")[0]
    return "no_reader" if state in ("0x1", "0x01", "0x2", "0x02", "0x5", "0x05") else "no_card"


def masked(name: str) -> str:
    """A name as public screens may show it: 张*, 欧*, J*; "" stays empty."""
    return f"{name[:1]}*" if name else ""
