"""What screens show and say: last calls, announcements, texts, notices. Pure rules."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from hall_core.errors import Conflict, invalid
from hall_core.events import (
    DayOpened,
    Event,
    Notice,
    NoticesChanged,
    Recorded,
    SetupChanged,
    TextsChanged,
    TicketCalled,
    TicketRecalled,
)
from hall_core.features import Command, Context
from hall_core.texts import TICKET_LAYOUT_MAX, TICKET_TEXTS, layout_fault
from hall_displays.speech import calls_with, wrong_place

RECENT_CALLS = 12
TEXT_MAX = 200
NOTICES_MAX = 50
NOTICE_BODY_MAX = 4000

# {number} and {window} as they are written; {number_read} and {window_read} as they are spoken.
DEFAULT_TEXTS: dict[str, str] = {
    "voice.call": "请{number_read}号到{window_read}号窗口办理",
    "voice.call_en": "Ticket {number_en}, window {window_en}, please.",
    "voice.language": "zh",  # zh, or zh+en to add the English sentence
    "voice.one": "一",  # how the digit 1 is read: 一 or 幺
    "voice.times": "2",  # how often a call is said
    "screen.call": "请{number}到{window}号窗口",
    "screen.welcome": "热情为您服务",
    "screen.closed": "暂停服务",
    **TICKET_TEXTS,
}

# Texts that are choices rather than sentences.
CHOICES: dict[str, tuple[str, ...]] = {
    "voice.language": ("zh", "zh+en"),
    "voice.one": ("一", "幺"),
    "voice.times": ("1", "2", "3"),
}

# Texts that call somebody: without the number and the window they call nobody to nowhere.
CALLS = ("voice.call", "voice.call_en", "screen.call")

Fault: TypeAlias = Literal["autoplay_blocked", "no_voice"]
"""What a screen may find wrong with itself (hall_core.faults has the sentences)."""


class Call(msgspec.Struct, frozen=True):
    """One entry of the last calls."""

    number: str
    window: int
    at: datetime


class DisplaysState(msgspec.Struct, kw_only=True):
    recent_calls: list[Call] = []  # newest first
    texts: dict[str, str] = {}  # what the hall changed; the rest is DEFAULT_TEXTS
    notices: tuple[Notice, ...] = ()
    notices_version: int = 0  # how often they were changed
    zones: dict[int, str] = {}  # window -> 功能区


class ChangeTexts(Command, frozen=True):
    texts: dict[str, str]


class ChangeNotices(Command, frozen=True):
    """`version`: of the notices that were edited; left out: whichever are there."""

    notices: tuple[Notice, ...]
    version: int | None = None


def decide_texts(state: DisplaysState, command: ChangeTexts, context: Context) -> list[Event]:
    for key, text in command.texts.items():
        where = f"texts.{key}"
        if key not in DEFAULT_TEXTS:
            raise invalid(where, "没有这条文字。", "There is no such text.")
        most = TICKET_LAYOUT_MAX if key == "ticket.layout" else TEXT_MAX
        if len(text) > most:
            raise invalid(where, f"最多 {most} 个字。", f"Please use at most {most} characters.")
        if text == "":
            continue  # back to the default
        if key == "ticket.layout":
            wrong = layout_fault(text)
            if wrong is not None:
                raise invalid(where, *wrong)
            continue
        if key in CHOICES and text not in CHOICES[key]:
            raise invalid(
                where,
                f"只能是 {'、'.join(CHOICES[key])}。",
                f"Please choose one of: {', '.join(CHOICES[key])}.",
            )
        if wrong_place(text) is not None:
            places = ("number", "window", "number_read", "window_read", "number_en", "window_en")
            raise invalid(
                where,
                f"花括号里只能写 {'、'.join(places)}。",
                f"Braces may only hold one of: {', '.join(places)}.",
            )
        if key in CALLS and not all(calls_with(text, what) for what in ("number", "window")):
            raise invalid(
                where,
                "叫号的话里要有号码和窗口，例如 {number} 和 {window}，否则没有人知道叫谁、去哪里。",
                "A call needs the number and the window, e.g. {number} and {window}: else nobody "
                "knows who is called, and where to.",
            )
    return [TextsChanged(texts=command.texts)]


def decide_notices(state: DisplaysState, command: ChangeNotices, context: Context) -> list[Event]:
    if command.version is not None and command.version != state.notices_version:
        raise Conflict(
            "setup_changed", "公示刚刚被另一位管理员修改过，本次没有保存；请查看最新内容后再改。"
        )
    if len(command.notices) > NOTICES_MAX:
        raise invalid(
            "notices",
            f"最多 {NOTICES_MAX} 条公示。",
            f"There can be at most {NOTICES_MAX} notices.",
        )
    seen: set[str] = set()
    for index, notice in enumerate(command.notices):
        where = f"notices[{index}]"
        if not 1 <= len(notice.id) <= 40 or notice.id in seen:
            raise invalid(
                f"{where}.id",
                "编号应唯一，1 到 40 个字符。",
                "Each notice needs its own id of 1 to 40 characters.",
            )
        seen.add(notice.id)
        if not 1 <= len(notice.title) <= 60:
            raise invalid(
                f"{where}.title",
                "标题应为 1 到 60 个字。",
                "Please give the notice a title of 1 to 60 characters.",
            )
        if len(notice.body) > NOTICE_BODY_MAX:
            raise invalid(
                f"{where}.body",
                f"内容最多 {NOTICE_BODY_MAX} 个字。",
                f"The text can have at most {NOTICE_BODY_MAX} characters.",
            )
        if not 4 <= notice.seconds <= 120:
            raise invalid(
                f"{where}.seconds",
                "停留时间应为 4 到 120 秒。",
                "A notice stays for 4 to 120 seconds.",
            )
    return [NoticesChanged(notices=command.notices, notices_version=state.notices_version + 1)]


_CALLS = (TicketCalled, TicketRecalled)


def apply(state: DisplaysState, record: Recorded) -> None:
    event = record.event
    if isinstance(event, _CALLS):
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
        state.notices, state.notices_version = event.notices, event.notices_version
    elif isinstance(event, SetupChanged):
        for window in event.windows:
            state.zones[window.number] = window.zone
        for number in event.removed_windows:
            state.zones.pop(number, None)
    elif isinstance(event, DayOpened):
        state.recent_calls = []


def texts_of(state: DisplaysState) -> dict[str, str]:
    """Every text of the hall: its own where it has one."""
    return {**DEFAULT_TEXTS, **state.texts}
