"""The hall itself: its setup, texts, day and clock."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from hall_core.events.base import Event
from hall_core.setup import Clerk, Queue, Service, Settings, Window
from hall_core.workdays import CalendarDay


class SetupChanged(Event, frozen=True):
    """The manager edited the hall. Whole entries replace those with the same key."""

    settings: Settings | None = None
    queues: tuple[Queue, ...] = ()
    services: tuple[Service, ...] = ()
    windows: tuple[Window, ...] = ()
    clerks: tuple[Clerk, ...] = ()
    removed_queues: tuple[str, ...] = ()
    removed_services: tuple[str, ...] = ()
    removed_windows: tuple[int, ...] = ()
    removed_clerks: tuple[str, ...] = ()
    former_clerks: tuple[Clerk, ...] = ()  # the removed ones: their numbers stay theirs


class TextsChanged(Event, frozen=True):
    """Texts of the hall (voice, LED, ticket) by key; an empty text restores the default."""

    texts: dict[str, str]


class NoticesChanged(Event, frozen=True):
    """The public notices in rotation, whole. `notices_version` counts the changes."""

    notices: tuple[Notice, ...]
    notices_version: int = 0


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One public notice (公示). `body` is plain text, paragraphs by line break."""

    id: str
    title: str
    body: str
    seconds: int = 12


class DayOpened(Event, frozen=True):
    """The hall's service day began at its midnight; numbers start again at 001."""

    public = ("day",)
    day: str


class HallRenamed(Event, frozen=True):
    """The administrator gave the hall another name. Who it is stands in the table of halls."""

    public = ("name", "name_en")
    name: str
    name_en: str = ""
    timezone: str = "Asia/Shanghai"
    hall: str = ""  # its id, so that screens can replace the whole card


class CalendarTold(Event, frozen=True):
    """Which days are off and which weekends are worked, as announced: all of them, whole."""

    days: dict[date, CalendarDay]


class ClockDoubted(Event, frozen=True):
    """The clock jumped or stands behind the journal: no day rolls until a person confirms."""

    wall: datetime
    why: Literal["behind_journal", "jumped"]


class ClockConfirmed(Event, frozen=True):
    """A person confirmed the clock, and that it is `day`."""

    wall: datetime
    day: str = ""
