"""What screens show and say: last calls, announcements, texts and notices. Pure rules."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hall_core.errors import invalid
from hall_core.events import (
    DayOpened,
    Event,
    Notice,
    NoticesChanged,
    Recorded,
    TextsChanged,
    TicketCalled,
    TicketRecalled,
)
from hall_core.features import Command, Context

RECENT_CALLS = 12
TEXT_MAX = 200
NOTICES_MAX = 50
NOTICE_BODY_MAX = 4000

# {number} and {window} as they are written; {number_read} and {window_read} as they are spoken.
DEFAULT_TEXTS: dict[str, str] = {
    "voice.call": "请{number_read}号到{window_read}号窗口办理",
    "voice.call_en": "Ticket {number_en}, window {window}, please.",
    "voice.language": "zh",  # zh, or zh+en to add the English sentence
    "voice.one": "一",  # how the digit 1 is read: 一 or 幺
    "voice.times": "2",  # how often a call is said
    "screen.call": "请{number}到{window}号窗口",
    "screen.welcome": "热情为您服务",
    "screen.closed": "暂停服务",
    "ticket.title": "排队号票",
    "ticket.foot": "请在休息区等候叫号",
}


class Call(msgspec.Struct, frozen=True):
    """One entry of the last calls."""

    number: str
    window: int
    at: datetime


class DisplaysState(msgspec.Struct, kw_only=True):
    recent_calls: list[Call] = []  # newest first
    texts: dict[str, str] = {}  # what the hall changed; the rest is DEFAULT_TEXTS
    notices: tuple[Notice, ...] = ()


class ChangeTexts(Command, frozen=True):
    texts: dict[str, str]


class ChangeNotices(Command, frozen=True):
    notices: tuple[Notice, ...]


def decide_texts(state: DisplaysState, command: ChangeTexts, context: Context) -> list[Event]:
    for key, text in command.texts.items():
        if key not in DEFAULT_TEXTS:
            raise invalid(f"texts.{key}", "没有这条文字。")
        if len(text) > TEXT_MAX:
            raise invalid(f"texts.{key}", f"最多 {TEXT_MAX} 个字。")
        try:
            text.format(number="H001", window=1, number_read="", window_read="", number_en="")
        except (KeyError, IndexError, ValueError):
            message = "花括号里只能写 number、window、number_read、window_read、number_en。"
            raise invalid(f"texts.{key}", message) from None
    return [TextsChanged(texts=command.texts)]


def decide_notices(state: DisplaysState, command: ChangeNotices, context: Context) -> list[Event]:
    if len(command.notices) > NOTICES_MAX:
        raise invalid("notices", f"最多 {NOTICES_MAX} 条公示。")
    seen: set[str] = set()
    for index, notice in enumerate(command.notices):
        where = f"notices[{index}]"
        if not 1 <= len(notice.id) <= 40 or notice.id in seen:
            raise invalid(f"{where}.id", "编号应唯一，1 到 40 个字符。")
        seen.add(notice.id)
        if not 1 <= len(notice.title) <= 60:
            raise invalid(f"{where}.title", "标题应为 1 到 60 个字。")
        if len(notice.body) > NOTICE_BODY_MAX:
            raise invalid(f"{where}.body", f"内容最多 {NOTICE_BODY_MAX} 个字。")
        if not 4 <= notice.seconds <= 120:
            raise invalid(f"{where}.seconds", "停留时间应为 4 到 120 秒。")
    return [NoticesChanged(notices=command.notices)]


def apply(state: DisplaysState, record: Recorded) -> None:
    event = record.event
    if isinstance(event, TicketCalled | TicketRecalled):
        # A recalled number moves to the top instead of standing there twice.
        kept = [c for c in state.recent_calls if c.number != event.number]
        call = Call(event.number, event.window, record.at)
        state.recent_calls = [call, *kept][:RECENT_CALLS]
    elif isinstance(event, TextsChanged):
        for key, text in event.texts.items():
            if text == "":
                state.texts.pop(key, None)
            else:
                state.texts[key] = text
    elif isinstance(event, NoticesChanged):
        state.notices = event.notices
    elif isinstance(event, DayOpened):
        state.recent_calls = []


def texts_of(state: DisplaysState) -> dict[str, str]:
    """Every text of the hall: its own where it has one."""
    return {**DEFAULT_TEXTS, **state.texts}
