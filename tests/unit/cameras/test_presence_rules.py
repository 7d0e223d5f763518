"""What a hall makes of what its cameras see: facts while they can be told, and wanted pictures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hall_cameras.domain.commands import (
    AddCameras,
    EditCamera,
    KeepWindowEvidence,
    NewCamera,
    RemoveCamera,
    ReportCamera,
    ReportPresence,
    SetZones,
)
from hall_core.events import (
    AlertChanged,
    AlertRaised,
    DayOpened,
    Event,
    EvidenceKept,
    PresenceChanged,
    SetupChanged,
)
from hall_core.setup import CameraZone, Window
from tests.unit.cameras.test_domain import Hall

ZONE = CameraZone(window=3, polygon=((0.1, 0.1), (0.5, 0.1), (0.5, 0.6)))
OTHER = CameraZone(window=4, polygon=((0.6, 0.1), (0.9, 0.1), (0.9, 0.6)))


@pytest.fixture
def hall() -> Hall:
    """A camera that is online and sees windows 3 and 4."""
    made = Hall()
    windows = tuple(Window(number=n, name=f"{n}号窗口") for n in (3, 4))
    made.happen([SetupChanged(windows=windows)])
    made.do(AddCameras(cameras=(NewCamera(camera_id="a", name="A", group="g"),)))
    made.do(SetZones(camera_id="a", zones=(ZONE, OTHER)))
    made.do(ReportCamera(camera_id="a", state="online"))
    return made


def seen(hall: Hall, present: bool | None, window: int = 3, **more: Any) -> list[Event]:
    return hall.do(ReportPresence(camera_id="a", window=window, present=present, **more))


def told(events: list[Event]) -> list[tuple[int, bool | None]]:
    return [(e.window, e.present) for e in events if isinstance(e, PresenceChanged)]


def test_each_change_is_one_fact_with_since_when(hall: Hall) -> None:
    (event,) = seen(hall, False, lasted_s=25.0, confidence=0.876)
    assert isinstance(event, PresenceChanged)
    assert event.since == hall.now - timedelta(seconds=25)
    assert event.confidence == 0.88
    assert seen(hall, False) == []
    assert told(seen(hall, True)) == [(3, True)]


def test_of_a_window_without_a_zone_nothing_is_said(hall: Hall) -> None:
    assert seen(hall, False, window=7) == []


@pytest.mark.parametrize(
    "trouble",
    [
        ReportCamera(camera_id="a", state="online", faults=("black",)),
        ReportCamera(camera_id="a", state="online", faults=("covered", "clock_wrong")),
        ReportCamera(camera_id="a", state="stalled", why="no_video"),
        ReportCamera(camera_id="a", state="unreachable", why="no_worker"),
        EditCamera(camera_id="a", enabled=False),
        RemoveCamera(camera_id="a"),
        SetZones(camera_id="a", zones=()),
    ],
)
def test_what_can_no_longer_be_told_is_unknown_never_empty(hall: Hall, trouble: Any) -> None:
    seen(hall, False)
    seen(hall, True, window=4)
    assert told(hall.do(trouble)) == [(3, None), (4, None)]
    if not isinstance(trouble, RemoveCamera):
        assert seen(hall, False) == []


def test_a_clock_that_is_wrong_does_not_hide_anybody(hall: Hall) -> None:
    seen(hall, False)
    report = ReportCamera(camera_id="a", state="online", faults=("clock_wrong",))
    assert told(hall.do(report)) == []


def test_a_zone_that_was_drawn_anew_is_looked_at_anew(hall: Hall) -> None:
    seen(hall, False)
    seen(hall, True, window=4)
    drawn = CameraZone(window=3, polygon=((0.2, 0.1), (0.5, 0.1), (0.5, 0.6)))
    assert told(hall.do(SetZones(camera_id="a", zones=(drawn, OTHER)))) == [(3, None)]


# --- pictures ----------------------------------------------------------------------------------


def suspected(alert_id: str = "s1", window: int = 3) -> AlertRaised:
    return AlertRaised(alert_id=alert_id, kind="suspected_absent", level="window", window=window)


def kept(hall: Hall, alert_id: str = "s1") -> list[Event]:
    return hall.do(KeepWindowEvidence(camera_id="a", alert_id=alert_id, evidence=("e1", "e2")))


def test_an_alert_wants_pictures_when_it_is_raised_and_when_it_ends(hall: Hall) -> None:
    hall.happen([suspected()])
    (event,) = kept(hall)
    assert isinstance(event, EvidenceKept)
    assert (event.alert_id, event.evidence) == ("s1", ("e1", "e2"))
    assert kept(hall) == []
    hall.happen([AlertChanged(alert_id="s1", state="open", level="hall")])
    assert kept(hall) == []
    hall.happen([AlertChanged(alert_id="s1", state="closed", level="hall")])
    (wanted,) = hall.state.wanted
    assert wanted.ended
    assert len(kept(hall)) == 1
    assert hall.state.wanted == []


def test_a_window_that_no_camera_sees_wants_none(hall: Hall) -> None:
    hall.happen([suspected(window=9)])
    assert hall.state.wanted == []


def test_what_is_wanted_does_not_pile_up(hall: Hall) -> None:
    for n in range(50):
        hall.happen([suspected(f"s{n}")])
        hall.now += timedelta(minutes=1)
    assert len(hall.state.wanted) <= 4
    hall.happen([DayOpened(day="2026-03-03")])
    assert hall.state.suspected == {}
