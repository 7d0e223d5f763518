"""Screens as a feature of the hall."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

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
from hall_core.features import Audience, Command, Context, Feature, Part
from hall_displays import speech
from hall_displays.domain import (
    Call,
    ChangeNotices,
    ChangeTexts,
    DisplaysState,
    apply,
    decide_notices,
    decide_texts,
    texts_of,
)
from hall_displays.voice import Voice

if TYPE_CHECKING:
    from hall_core.http import Route
    from hall_core.kernel import Kernel


class DisplaysFeature(Feature):
    name = "displays"
    state_type = DisplaysState
    web = Path(__file__).parent / "web"
    shapes: ClassVar[dict[str, Any]] = {
        "recent_calls": list[Call],
        "texts": dict[str, str],
        "notices": tuple[Notice, ...],
        "notices_version": int,
        "announcements": list[speech.Announcement],
    }
    listens = frozenset(
        {
            TicketCalled,
            TicketRecalled,
            TextsChanged,
            NoticesChanged,
            SetupChanged,
            DayOpened,
        }
    )

    def __init__(self, media: Path) -> None:
        self.media = media
        self.voice = Voice(media / "voice")

    async def start(self, kernel: Kernel) -> None:
        await self.voice.start()

    def commands(self) -> dict[type[Command], Callable[[Any, Any, Context], list[Event]]]:
        return {
            ChangeTexts: decide_texts,
            ChangeNotices: decide_notices,
        }

    def apply(self, state: DisplaysState, record: Recorded) -> None:
        apply(state, record)

    def touched(self, state: DisplaysState, record: Recorded) -> Iterable[Part]:
        event = record.event
        match event:
            case TicketCalled() | TicketRecalled():
                yield ("recent_calls", None)
                # Said once, when it happens: never part of a snapshot, so not in `parts`.
                yield ("announcements", (record.version, event.number, event.window))
            case DayOpened():
                yield ("recent_calls", None)
            case TextsChanged():
                yield ("texts", None)
            case NoticesChanged():
                yield ("notices", None)
                yield ("notices_version", None)

    def parts(self) -> Sequence[str]:
        return ("recent_calls", "texts", "notices", "notices_version")

    def render(self, state: DisplaysState, part: Part, audience: Audience) -> Any:
        name, key = part
        if audience.kind == "pad" and name not in ("texts", "notices"):
            return None  # a pad is told of its own window only, and what the hall says to all
        if name == "recent_calls":
            return state.recent_calls
        if name == "texts":
            return texts_of(state)
        if name == "announcements":
            version, number, window = key
            zone = state.zones.get(window, "")
            can_say = self.voice.available
            return speech.announcement(texts_of(state), version, number, window, zone, can_say)
        return state.notices_version if name == "notices_version" else state.notices

    def routes(self) -> Sequence[Route]:
        from hall_displays.routes import routes

        return routes(self.voice, self.media)
