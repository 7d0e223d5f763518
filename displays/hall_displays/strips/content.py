"""What a strip shows: the entry of its window and the hall's texts, as pages that fit. Pure.

A full-width sign takes one column, a half-width one (letters, digits) half of it: on eight columns
请H012到12号窗口 fits exactly. What is longer comes page by page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from hall_displays.domain import DEFAULT_TEXTS
from hall_displays.speech import fill, words_of

PAGES_MAX = 12
BLANK = " "
"""A page on which nothing stands; no text makes one."""

Pages: TypeAlias = tuple[str, ...]

# What is kept together: a number or word, else one sign. A pause stays with what it ends.
_PIECE = re.compile(r"[0-9A-Za-z:.]+[，。；、：]?|.[，。；、：]?", re.DOTALL)


def pages_of_window(
    window: Mapping[str, Any], texts: Mapping[str, str], timezone: str, columns: int
) -> Pages:
    """The pages of a strip over `window` (an entry of the stream's `windows`)."""
    lines = lines_of_window(window, {**DEFAULT_TEXTS, **texts}, timezone)
    return tuple(page for line in lines for page in pages_of(line, columns))[:PAGES_MAX]


def lines_of_window(
    window: Mapping[str, Any], texts: Mapping[str, str], timezone: str
) -> list[str]:
    """One line for each thing to say. A call holds until the service starts.

    `texts` has every text that speech.words_of needs.
    """
    number, ticket, state = int(window["number"]), window.get("ticket"), window.get("state")
    if state == "calling" and ticket:
        return [fill(texts["screen.call"], words_of(texts, str(ticket), number))]
    if state == "serving" and ticket:
        return [f"正在办理{ticket}"]
    if state in ("open", "calling", "serving"):
        return [texts["screen.welcome"]]
    covered_by = window.get("covered_by")
    elsewhere = [f"请到{covered_by}号窗口"] if covered_by else []
    absence = window.get("absence")
    if state != "away" or not absence:
        return elsewhere or [texts["screen.closed"]]
    due = "原定" if absence.get("overdue_steps") else "预计"
    back = local_time(absence.get("expected_return"), timezone)
    lines = [f"暂离：{absence.get('reason', '')}"]
    if back:
        lines.append(f"{due}{back}返回")
    return elsewhere + lines


def flashing(pages: Pages) -> Pages:
    """The same pages, each followed by an empty one."""
    return tuple(page for text in pages for page in (text, BLANK))


def local_time(moment: object, timezone: str) -> str:
    """`HH:MM` in the hall's zone of an ISO time; "" for what is none."""
    try:
        return datetime.fromisoformat(str(moment)).astimezone(ZoneInfo(timezone)).strftime("%H:%M")
    except (ValueError, OverflowError, OSError):  # OSError: no such zone on this machine
        return ""


def half_columns(text: str) -> int:
    """The width of `text` in half columns."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in text)


def pages_of(line: str, columns: int) -> Pages:
    """`line` cut into pages of at most `columns` full-width signs, never within a number unless
    it is longer than a page. At least one page; an empty line is one empty page."""
    room = 2 * columns
    pages: list[str] = []
    page = ""
    for piece in _pieces("".join(sign for sign in line if sign.isprintable()), room):
        if page and half_columns(page + piece) > room:
            pages.append(page.strip())
            page = ""
        page += piece
    return tuple(found for found in [*pages, page.strip()] if found) or ("",)


def _pieces(line: str, room: int) -> list[str]:
    pieces: list[str] = []
    for piece in _PIECE.findall(line):
        while half_columns(piece) > room:
            fits = next(n for n in range(len(piece), 0, -1) if half_columns(piece[:n]) <= room)
            pieces.append(piece[:fits])
            piece = piece[fits:]
        pieces.append(piece)
    return pieces
