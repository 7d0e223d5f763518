"""Which of a hall's alerts upper platforms are told of, and as what alarm. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from hall_core.alerts import Alert
from hall_core.events import ENDED_ALERTS

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
    at: datetime
    priority: int
    method: int
    kind: int
    text: str


def notices(alerts: Iterable[Alert]) -> dict[str, Notice]:
    """What platforms are to know of now, by the alert's id."""
    found = ((alert.alert_id, _notice(alert)) for alert in alerts)
    return {alert_id: notice for alert_id, notice in found if notice is not None}


def _notice(alert: Alert) -> Notice | None:
    here = alert.camera_id is not None and alert.state not in ENDED_ALERTS
    if alert.kind in CAMERA_FAULTS and here:
        priority, method, kind = CAMERA_FAULTS[alert.kind]
        return Notice(
            camera_id=alert.camera_id,
            at=alert.since,
            priority=priority,
            method=method,
            kind=kind,
            text=alert.detail,
        )
    if alert.kind == ABSENCE and alert.state == "confirmed":
        text = f"{alert.window}号窗口脱岗已核实"
        return Notice(
            camera_id=None, at=alert.since, priority=4, method=OTHER, kind=0, text=text
        )  # fmt: skip
    return None
