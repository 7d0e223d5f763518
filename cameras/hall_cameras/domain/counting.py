"""在线率 and 图像完好率: how long a camera was known, online, in session, and good.

Online counts all day; good pictures count while the hall is in session, for nobody lights an
empty hall at night. A camera that is switched off counts for nothing.
"""

from __future__ import annotations

from datetime import datetime

from hall_cameras.domain.state import PICTURE_FAULTS, Camera, CamerasState
from hall_core.events import CameraTime
from hall_core.features import Context
from hall_core.sessions import hours_of, open_seconds


def passed(state: CamerasState, camera: Camera, context: Context, until: datetime) -> CameraTime:
    """What is to be counted since it was last counted, in the state the camera is in."""
    if camera.state == "disabled" or until <= camera.counted_at:
        return CameraTime()
    known = (until - camera.counted_at).total_seconds()
    online = camera.state == "online"
    good = online and not PICTURE_FAULTS.intersection(camera.faults)
    hours = hours_of(state.week)  # a holiday counts like the weekday it falls on
    session = open_seconds(hours, context.hall.timezone, camera.counted_at, until)
    return CameraTime(
        known_s=known,
        online_s=known if online else 0.0,
        session_s=session,
        good_s=session if good else 0.0,
    )


def add(one: CameraTime, other: CameraTime) -> CameraTime:
    return CameraTime(
        known_s=one.known_s + other.known_s,
        online_s=one.online_s + other.online_s,
        session_s=one.session_s + other.session_s,
        good_s=one.good_s + other.good_s,
    )


def rates(time: CameraTime) -> dict[str, float | None]:
    """`online_rate` and `good_rate`, 0 to 1, null where nothing was counted."""
    return {
        "online_rate": round(time.online_s / time.known_s, 4) if time.known_s else None,
        "good_rate": round(time.good_s / time.session_s, 4) if time.session_s else None,
    }
