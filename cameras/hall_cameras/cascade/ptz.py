"""PTZCmd of GB/T 28181, Annex A: eight bytes. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

FULL = 255
FULL_ZOOM = 15


class Motion(NamedTuple):
    """-1…1 each; all 0: stop."""

    pan: float
    tilt: float
    zoom: float


def motion(text: str) -> Motion | None:
    """What a PTZCmd asks for; None when it is another command (presets, focus, cruises).

    Raises:
        ValueError: it is none, or damaged.
    """
    if not re.fullmatch(r"[0-9A-Fa-f]{16}", text):
        raise ValueError("a PTZCmd has sixteen hexadecimal digits")
    data = bytes.fromhex(text)
    if data[0] != 0xA5 or sum(data[:7]) % 256 != data[7]:
        raise ValueError("a PTZCmd with a wrong sum")
    command = data[3]
    if command & 0xC0:
        return None
    pan, tilt, zoom = data[4] / FULL, data[5] / FULL, (data[6] >> 4) / FULL_ZOOM

    def both(up: int, down: int, speed: float) -> float:
        # A speed of nothing with a direction: some platforms leave it to the camera.
        speed = speed or 0.5
        return speed * (bool(command & up) - bool(command & down))

    return Motion(both(0x01, 0x02, pan), both(0x08, 0x04, tilt), both(0x10, 0x20, zoom))
