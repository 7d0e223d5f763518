"""What stands on a ticket: the hall's template with its places filled. Pure.

A template is lines of text. `# ` before a line prints it twice as large, `## ` three times; `---`
is a rule across the paper; `{qr}` alone is the code for the citizen's phone. A line whose places
are all empty is left out: no waiting time known, no QR code without a public address. Nothing on
paper tells who the citizen is: there is no place for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from hall_core.texts import TICKET_PLACES

COLUMNS = {58: 32, 80: 48}  # half-width characters of font A: 384 and 576 dots, 12 each
SIZES = {"# ": 2, "## ": 3}
RULE = "---"
QR = "{qr}"

NEVER_FIRST = frozenset("，。、；：！？）》】”")

_PLACE = re.compile(r"\{(\w+)\}")


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line on paper. `size` is 1, 2 or 3 times; `qr`: `text` is printed as a code."""

    text: str
    size: int = 1
    qr: bool = False


def lay_out(template: str, words: Mapping[str, str], marks: Sequence[str] = ()) -> list[Line]:
    """The lines of one ticket, not yet wrapped.

    Args:
        words: a word for every place of `TICKET_PLACES`; "" for what is not known.
        marks: lines above everything else, whatever the template says (补打).
    """
    lines = [Line(mark) for mark in marks]
    for raw in template.splitlines():
        prefix = next((sign for sign in ("## ", "# ") if raw.startswith(sign)), "")
        text = raw.removeprefix(prefix).strip()
        if text == QR:
            if words["qr"]:
                lines.append(Line(words["qr"], qr=True))
            continue
        places = [name for name in _PLACE.findall(text) if name in TICKET_PLACES]
        if places and not any(words[name] for name in places):
            continue
        filled = _PLACE.sub(lambda found: words.get(found[1], found[0]), text)
        lines.append(Line(clean(filled), SIZES.get(prefix, 1)))
    return lines


def clean(text: str) -> str:
    """Without control signs: names come from people, and a printer obeys ESC."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def width(text: str) -> int:
    """Half-width columns: ASCII takes one, everything that GB 18030 prints otherwise two."""
    return sum(1 if sign.isascii() else 2 for sign in text)


def wrapped(lines: Sequence[Line], paper_mm: int) -> list[Line]:
    """The lines as they fit the paper; words of figures and letters stay whole where they fit."""
    fitted: list[Line] = []
    for line in lines:
        columns = COLUMNS[paper_mm] // line.size
        if line.qr:
            fitted.append(line)
        elif line.text == RULE:
            fitted.append(Line("-" * columns))
        else:
            fitted.extend(Line(text, line.size) for text in wrap(clean(line.text), columns))
    return fitted


def wrap(text: str, columns: int) -> list[str]:
    """`text` in pieces of at most `columns` half-width columns (2 at least)."""
    pieces: list[str] = []
    piece = ""
    for word in re.findall(r"[!-~]+|.", text):
        while width(word) > columns:  # longer than the paper: cut where it ends
            fits = columns - width(piece)
            piece, word = piece + word[:fits], word[fits:]
            pieces.append(piece)
            piece = ""
        if width(piece) + width(word) > columns:
            if word in NEVER_FIRST and len(piece) > 1:
                piece, word = piece[:-1], piece[-1] + word  # no line begins with a comma
            pieces.append(piece.rstrip())
            piece = "" if word == " " else word
        else:
            piece += word
    if piece.strip() or not pieces:
        pieces.append(piece.rstrip())
    return pieces
