"""What every hall decides by: the features, and which of them a command or event concerns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hall_core import events
from hall_core.events import Event
from hall_core.features import Command, Feature


class Listeners(NamedTuple):
    """Whom one type of event concerns, by what they do about it."""

    fold: tuple[Feature, ...]
    store: tuple[Feature, ...]
    react: tuple[Feature, ...]
    show: tuple[Feature, ...]
    reveal: tuple[Feature, ...]

    @classmethod
    def of(cls, features: Sequence[Feature], event: type[Event]) -> Listeners:
        concerned = [f for f in features if f.listens is None or event in f.listens]

        def that_have(method: str) -> tuple[Feature, ...]:
            plain = getattr(Feature, method)
            return tuple(f for f in concerned if getattr(type(f), method) is not plain)

        return cls(*(that_have(m) for m in ("apply", "rows", "react", "touched", "reveal")))


class Rules:
    """Made once; all halls share it."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = features
        self.deciders: dict[type[Command], tuple[Feature, Callable[..., list[Event]]]] = {
            command: (feature, decide)
            for feature in features
            for command, decide in feature.commands().items()
        }
        self.listeners = {event: Listeners.of(features, event) for event in events.NAMES}
        self.owners = {part: feature for feature in features for part in feature.parts()}
