"""What the demonstration and its cameras' process tell each other, a line of JSON each."""

from __future__ import annotations

import msgspec

from hall_core.setup import CameraZone


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What is before one camera: a clerk, a citizen at each of its windows; and a cloth."""

    camera: int
    clerks: tuple[bool, ...] = (False, False)
    citizens: tuple[bool, ...] = (False, False)
    covered: bool = False
    plugged_in: bool = True


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """`zones` is empty where the model that is installed does not see the people in the pictures:
    then nothing is said about who is there."""

    urls: list[str]
    zones: list[tuple[CameraZone, ...]] = []
