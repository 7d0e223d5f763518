"""How cameras are shown to those who manage and supervise. Never a password or an address."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hall_cameras.domain.state import WHY, Camera


def camera_view(camera: Camera) -> dict[str, Any]:
    """A camera as the contract shows it, with why it is so in words."""
    return {
        "camera_id": camera.camera_id,
        "name": camera.name,
        "group": camera.group,
        "state": camera.state,
        "why": camera.why,
        "why_text": WHY.get(camera.why, ""),
        "faults": list(camera.faults),
        "since": camera.since,
        "width": camera.width,
        "height": camera.height,
        "fps": camera.fps,
        "codec": camera.codec,
        "zones": msgspec.to_builtins(camera.zones, builtin_types=(datetime,)),
        "presence": [
            {"window": zone.window, "present": camera.presence.get(zone.window)}
            for zone in camera.zones
        ],
        "settings": msgspec.to_builtins(camera.settings),
    }
