"""Which of a hall's alerts upper platforms are told of, and as what alarm. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hall_core.alerts import ENDED, Alert

DEVICE, VIDEO, OTHER = 2, 5, 7  # AlarmMethod

CAMERA_FAULTS: dict[str, tuple[int, int, int]] = {
    "camera_offline": (3, DEVICE, 1),
    "camera_stalled": (3, DEVICE, 1),
    "camera_refused": (3, DEVICE, 1),
    "camera_black": (4, VIDEO, 11),
    "camera_frozen": (4, VIDEO, 11),
    "camera_blurred": (4, VIDEO, 11),
    "camera_moved": (4, VIDEO, 11),
    "camera_covered": (3, VIDEO, 13),
}
"""Kind of alert -> AlarmPriority (1 highest), AlarmMethod, AlarmType."""

ABSENCE = "suspected_absent"  # told once a person confirmed it, never before


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    camera_id: str | None  # None: of the hall
    priority: int
    method: int
    kind: int
    text: str


Seen = frozenset[str]
"""Alerts that were told of already."""


def news(alerts: Iterable[Alert], seen: Seen | None) -> tuple[list[Notice], Seen]:
    """What is to be told now. `seen` None: we have just begun, and what is open is no news."""
    found: dict[str, Notice] = {}
    for alert in alerts:
        notice = _notice(alert)
        if notice is not None:
            found[alert.alert_id] = notice
    if seen is None:
        return [], frozenset(found)
    return [notice for key, notice in found.items() if key not in seen], frozenset(found)


def _notice(alert: Alert) -> Notice | None:
    if alert.kind in CAMERA_FAULTS and alert.camera_id is not None and alert.state not in ENDED:
        priority, method, kind = CAMERA_FAULTS[alert.kind]
        return Notice(
            camera_id=alert.camera_id,
            priority=priority,
            method=method,
            kind=kind,
            text=alert.detail,
        )
    if alert.kind == ABSENCE and alert.state == "confirmed":
        text = f"{alert.window}号窗口脱岗已核实"
        return Notice(camera_id=None, priority=4, method=OTHER, kind=0, text=text)
    return None
