"""Linux input devices (`/dev/input/event…`): their bytes as keys and key combinations. Pure.

Source: linux/input.h and linux/input-event-codes.h. An event is the kernel's `struct
input_event`: a time of two longs, type, code, value; a key's value is 0 released, 1 pressed,
2 repeated.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

EVENT = struct.Struct("llHHi")
EV_KEY = 1
EVIOCGRAB = 0x40044590  # _IOW('E', 0x90, int): nobody else gets this device's keys

MODIFIERS: dict[int, str] = {
    29: "CTRL", 97: "CTRL", 56: "ALT", 100: "ALT", 42: "SHIFT", 54: "SHIFT", 125: "META",
    126: "META",
}  # fmt: skip
_ROWS = {2: "1234567890", 16: "QWERTYUIOP", 30: "ASDFGHJKL", 44: "ZXCVBNM"}
NAMES: dict[int, str] = {
    **{first + index: sign for first, row in _ROWS.items() for index, sign in enumerate(row)},
    **{58 + number: f"F{number}" for number in range(1, 11)},
    **{170 + number: f"F{number}" for number in range(13, 25)},
    87: "F11", 88: "F12",
    71: "KP7", 72: "KP8", 73: "KP9", 75: "KP4", 76: "KP5", 77: "KP6", 79: "KP1", 80: "KP2",
    81: "KP3", 82: "KP0", 83: "KPDOT", 74: "KPMINUS", 78: "KPPLUS", 55: "KPASTERISK",
    98: "KPSLASH", 96: "KPENTER", 28: "ENTER", 14: "BACKSPACE", 15: "TAB", 1: "ESC", 57: "SPACE",
    102: "HOME", 107: "END", 104: "PAGEUP", 109: "PAGEDOWN", 110: "INSERT", 111: "DELETE",
    103: "UP", 105: "LEFT", 106: "RIGHT", 108: "DOWN", 69: "NUMLOCK",
}  # fmt: skip
KNOWN = frozenset(NAMES.values())
_ORDER = ("CTRL", "ALT", "SHIFT", "META")


def combination(text: str) -> str:
    """A combination as people write it (`ctrl+alt+f9`, `KP0`) in the one form used here.

    Raises:
        ValueError: a key that is not known.
    """
    *held, key = [part.strip().upper() for part in text.split("+")]
    if key not in KNOWN or any(name not in _ORDER for name in held):
        raise ValueError(f"{text!r} is no key; write names like KPENTER, KP0 or CTRL+ALT+F9")
    return "+".join([*(name for name in _ORDER if name in held), key])


class EventReader:
    """Cuts what a device sends into its key events."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[tuple[int, int]]:
        """(code, value) of every key event that is whole now."""
        data = self._buffer + data
        whole = len(data) - len(data) % EVENT.size
        self._buffer = data[whole:]
        return [
            (code, value)
            for _, _, kind, code, value in EVENT.iter_unpack(data[:whole])
            if kind == EV_KEY
        ]


class Chords:
    """Which of the wanted combinations are pressed. `unknown` counts keys that mean nothing."""

    def __init__(self, wanted: Mapping[str, str]) -> None:
        self._wanted = {combination(text): meaning for text, meaning in wanted.items()}
        self._held: set[int] = set()
        self.unknown = 0

    def key(self, code: int, value: int) -> str | None:
        """What a key event means, if it completes a combination."""
        if code in MODIFIERS:
            (self._held.add if value else self._held.discard)(code)
            return None
        if value != 1:  # released, or repeated while held down
            return None
        held = {MODIFIERS[code] for code in self._held}
        name = "+".join([*(name for name in _ORDER if name in held), NAMES.get(code, "?")])
        meaning = self._wanted.get(name)
        if meaning is None:
            self.unknown += 1
        return meaning
