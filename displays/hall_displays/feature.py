"""Screens as a feature of the hall."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hall_core.events import (
    DayOpened,
    Event,
    NoticesChanged,
    Recorded,
    TextsChanged,
    TicketCalled,
    TicketRecalled,
)
from hall_core.features import Audience, Command, Context, Feature, Part
from hall_displays.domain import (
    ChangeNotices,
    ChangeTexts,
    DisplaysState,
    apply,
    decide_notices,
    decide_texts,
    texts_of,
)

if TYPE_CHECKING:
    from hall_core.http import Route


class DisplaysFeature(Feature):
    name = "displays"
    state_type = DisplaysState
    web = Path(__file__).parent / "web"

    def __init__(self, media: Path) -> None:
        self.media = media

    def commands(self) -> dict[type[Command], Callable[[Any, Any, Context], list[Event]]]:
        return {ChangeTexts: decide_texts, ChangeNotices: decide_notices}

    def apply(self, state: DisplaysState, record: Recorded) -> None:
        apply(state, record)

    def touched(self, state: DisplaysState, record: Recorded) -> Iterable[Part]:
        event = record.event
        if isinstance(event, TicketCalled | TicketRecalled | DayOpened):
            yield ("recent_calls", None)
        elif isinstance(event, TextsChanged):
            yield ("texts", None)
        elif isinstance(event, NoticesChanged):
            yield ("notices", None)

    def parts(self) -> Sequence[str]:
        return ("recent_calls", "texts", "notices")

    def render(self, state: DisplaysState, part: Part, audience: Audience) -> Any:
        if part[0] == "recent_calls":
            return state.recent_calls
        if part[0] == "texts":
            return texts_of(state)
        return state.notices

    def routes(self) -> Sequence[Route]:
        from hall_displays.routes import routes

        return routes()
