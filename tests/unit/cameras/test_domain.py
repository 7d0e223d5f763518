"""What is known of cameras, who is told when, and what is counted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_cameras import worker
from hall_cameras.domain import alarms, counting
from hall_cameras.domain.apply import apply
from hall_cameras.domain.commands import (
    DECIDERS,
    AddCameras,
    EditCamera,
    KeepEvidence,
    NewCamera,
    RemoveCamera,
    ReportCamera,
    SetZones,
)
from hall_cameras.domain.state import WHY, CamerasState
from hall_core import sessions
from hall_core.errors import HallError, Invalid
from hall_core.events import (
    AlertChanged,
    AlertRaised,
    CameraChanged,
    CamerasCounted,
    DayOpened,
    Event,
    EvidenceKept,
    Recorded,
    SetupChanged,
)
from hall_core.features import Actor, Command, Context
from hall_core.setup import (
    CameraSettings,
    CameraZone,
    HallInfo,
    Session,
    Settings,
    Window,
)

HALL = HallInfo(id="hall", name="大厅", region="1", level="county")
ACTOR = Actor("system", "cameras")
MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # Monday, 09:00 in the hall
WEEK: dict[int, tuple[Session, ...]] = {
    day: (Session(start="08:30", until="12:00"), Session(start="14:30", until="17:30"))
    for day in range(1, 6)
}


class Hall:
    """A hall with cameras only, whose clock moves when it is told to."""

    def __init__(self) -> None:
        self.state = CamerasState()
        self.now = MORNING
        self.version = 0
        self.events: list[Event] = []
        windows = tuple(Window(number=n, name=f"{n}号") for n in (1, 2, 3))
        self.happen([SetupChanged(settings=Settings(week=WEEK), windows=windows)])
        self.happen([DayOpened(day="2026-03-02")])

    def context(self) -> Context:
        return Context(hall=HALL, now=self.now, actor=ACTOR, version=self.version + 1)

    def happen(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.version += 1
            apply(self.state, Recorded(self.version, self.now, "system", event))
            if isinstance(event, DayOpened):
                self.happen(alarms.day_ended(self.state, self.context()))
        self.events += events
        return events

    def do(self, command: Command) -> list[Event]:
        return self.happen(DECIDERS[type(command)](self.state, command, self.context()))

    def pass_time(self, **delta: float) -> list[Event]:
        """Let time pass, raising what comes due on the way at its own moment."""
        until = self.now + timedelta(**delta)
        raised: list[Event] = []
        while (due := alarms.due(self.state, self.context())) is not None and due <= until:
            self.now = max(self.now, due)
            events = self.happen(alarms.time_passed(self.state, self.context()))
            assert events, "what is due happens"
            raised += events
        self.now = until
        return raised

    def add(self, camera_id: str, group: str = "") -> None:
        new = NewCamera(camera_id=camera_id, name=f"摄像机{camera_id}", group=group or camera_id)
        self.do(AddCameras(cameras=(new,)))

    def report(self, camera_id: str, state: Any, *faults: Any, why: str = "") -> list[Event]:
        return self.do(ReportCamera(camera_id=camera_id, state=state, faults=faults, why=why))


@pytest.fixture
def hall() -> Hall:
    made = Hall()
    made.add("a", "nvr")
    made.add("b", "nvr")
    made.add("c", "nvr")
    made.add("d")
    for camera_id in "abcd":
        made.report(camera_id, "online")
    return made


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events if isinstance(event, AlertRaised)]


def test_a_camera_that_is_off_for_a_moment_is_no_alert(hall: Hall) -> None:
    hall.report("d", "unreachable", why="timeout")
    assert hall.pass_time(seconds=20) == []
    hall.report("d", "online")
    assert hall.pass_time(minutes=10) == []


def test_a_camera_that_stays_off_is_one_alert_until_it_is_back(hall: Hall) -> None:
    hall.report("d", "unreachable", why="timeout")
    assert hall.report("d", "unreachable", why="timeout") == []
    (raised,) = hall.pass_time(minutes=30)
    assert isinstance(raised, AlertRaised)
    assert (raised.kind, raised.camera_id, raised.level) == ("camera_offline", "d", "hall")
    assert (raised.detail, raised.detail_en) == ("摄像机d：离线", "摄像机d: offline")
    ended, changed = hall.report("d", "online")
    assert ended == AlertChanged(alert_id=raised.alert_id, state="closed", level="hall")
    assert isinstance(changed, CameraChanged)


def test_one_outage_of_a_recorder_is_one_alert(hall: Hall) -> None:
    hall.report("a", "unreachable", why="no_route")
    hall.pass_time(seconds=10)
    hall.report("b", "unreachable", why="no_route")
    (raised,) = hall.pass_time(seconds=40)
    assert isinstance(raised, AlertRaised)
    assert "2 台" in raised.detail
    assert "摄像机b" in raised.detail
    assert raised.detail_en.startswith("2 cameras of ")
    assert raised.detail_en.endswith(", offline: 摄像机a, 摄像机b")
    hall.report("c", "unreachable", why="no_route")  # a little later, of the same outage
    assert hall.pass_time(minutes=5) == []
    assert not kinds(hall.report("a", "online"))
    assert [type(event) for event in hall.report("b", "online")] == [CameraChanged]
    assert type(hall.report("c", "online")[0]) is AlertChanged  # the last one is back


def test_a_camera_of_the_same_recorder_that_fails_on_another_day_is_told(hall: Hall) -> None:
    hall.report("a", "unreachable", why="no_route")
    assert len(hall.pass_time(minutes=5)) == 1
    hall.report("b", "unreachable", why="no_route")
    assert len(hall.pass_time(minutes=5)) == 1


def test_faults_of_the_picture_are_told_at_once_and_each_alone(hall: Hall) -> None:
    hall.report("a", "online", "covered", "clock_wrong")
    hall.report("b", "online", "covered")
    assert sorted(kinds(hall.pass_time(seconds=1))) == [
        "camera_clock_wrong", "camera_covered", "camera_covered",
    ]  # fmt: skip


def test_nobody_is_told_outside_sessions_but_when_the_next_begins(hall: Hall) -> None:
    hall.now = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)  # 19:00
    hall.report("d", "online", "black")  # the lights are off
    assert hall.pass_time(hours=3) == []
    raised = hall.pass_time(hours=12)
    assert kinds(raised) == ["camera_black"]
    assert hall.events[-1] is raised[0]
    alarm = hall.state.cameras["d"].alarms["black"]
    assert alarm.alert_id is not None
    hall.report("d", "online")
    hall.report("d", "online", "frozen")
    hall.report("d", "online")
    assert hall.pass_time(hours=30) == []


def test_what_a_person_settled_is_not_raised_again_while_it_lasts(hall: Hall) -> None:
    hall.report("d", "online", "moved")
    (raised,) = hall.pass_time(seconds=1)
    assert isinstance(raised, AlertRaised)
    hall.happen([AlertChanged(alert_id=raised.alert_id, state="dismissed", level="hall")])
    assert hall.pass_time(hours=1) == []
    assert [type(event) for event in hall.report("d", "online")] == [CameraChanged]
    hall.report("d", "online", "moved")
    assert kinds(hall.pass_time(seconds=1)) == ["camera_moved"]


def test_evidence_before_and_after_the_alert_is_its_evidence(hall: Hall) -> None:
    hall.report("d", "online", "covered")
    early = KeepEvidence(camera_id="d", trouble="covered", evidence=("1",))
    assert hall.do(early)[0] == EvidenceKept(
        camera_id="d", kind="camera_covered", evidence=("1",), alert_id=None
    )
    (raised,) = hall.pass_time(seconds=1)
    assert isinstance(raised, AlertRaised)
    assert raised.evidence == ("1",)
    (kept,) = hall.do(KeepEvidence(camera_id="d", trouble="covered", evidence=("2",)))
    assert isinstance(kept, EvidenceKept)
    assert kept.alert_id == raised.alert_id
    assert hall.do(KeepEvidence(camera_id="d", trouble="black", evidence=("3",))) == []


def test_a_refused_camera_waits_for_a_person(hall: Hall) -> None:
    hall.report("d", "refused", why="bad_password")
    assert kinds(hall.pass_time(seconds=1)) == ["camera_refused"]
    assert hall.do(EditCamera(camera_id="d", name="东门")) != []
    assert hall.state.cameras["d"].state == "refused"
    ended, changed = hall.do(EditCamera(camera_id="d", retry=True))
    assert isinstance(ended, AlertChanged)
    assert isinstance(changed, CameraChanged)
    assert changed.state == "unreachable"


def test_a_camera_that_is_switched_off_says_and_counts_nothing(hall: Hall) -> None:
    hall.do(EditCamera(camera_id="d", enabled=False))
    assert hall.report("d", "unreachable", why="timeout") == []
    hall.pass_time(hours=1)
    assert kinds(hall.events) == []
    hall.do(EditCamera(camera_id="d", enabled=True))
    assert hall.state.cameras["d"].today.known_s == 0


def test_removing_a_camera_ends_its_alerts(hall: Hall) -> None:
    hall.report("d", "online", "black")
    hall.pass_time(seconds=1)
    assert type(hall.do(RemoveCamera(camera_id="d"))[0]) is AlertChanged
    with pytest.raises(HallError):
        hall.report("d", "online")


@pytest.mark.parametrize(
    "zone",
    [
        CameraZone(window=9, polygon=((0, 0), (1, 0), (1, 1))),
        CameraZone(window=1, polygon=((0, 0), (1, 0))),
        CameraZone(window=1, polygon=((0, 0), (2, 0), (1, 1))),
        CameraZone(window=1, polygon=((0, 0), (1, 1), (0.5, 0.5))),
    ],
)
def test_a_zone_is_an_area_of_the_picture_and_of_a_window(hall: Hall, zone: CameraZone) -> None:
    with pytest.raises(Invalid):
        hall.do(SetZones(camera_id="a", zones=(zone,)))


def test_thresholds_are_bounded(hall: Hall) -> None:
    with pytest.raises(Invalid) as refused:
        hall.do(EditCamera(camera_id="a", settings=CameraSettings(covered_share=1.5)))
    assert refused.value.errors[0].field == "settings.covered_share"


def test_a_list_is_added_whole_or_not_at_all(hall: Hall) -> None:
    rows = tuple(NewCamera(camera_id=str(n), name="同名", group="g") for n in range(2))
    with pytest.raises(Invalid) as refused:
        hall.do(AddCameras(cameras=rows))
    assert refused.value.errors[0].field == "rows[1].name"
    assert len(hall.state.cameras) == 4


def test_a_day_is_counted_when_it_ends(hall: Hall) -> None:
    """d: online from 9:00, black 10:00 to 11:00, off from 16:00 to midnight."""
    hall.pass_time(hours=1)
    hall.report("d", "online", "black")
    hall.pass_time(hours=1)
    hall.report("d", "online")
    hall.pass_time(hours=5)
    hall.report("d", "unreachable", why="timeout")
    hall.pass_time(hours=8)
    hall.happen([DayOpened(day="2026-03-03")])
    (counted,) = [event for event in hall.events if isinstance(event, CamerasCounted)]
    time = counted.cameras["d"]
    assert time.known_s == 15 * 3600
    assert time.online_s == 7 * 3600
    assert time.session_s == (3 + 3) * 3600
    assert time.good_s == (2 + 1.5) * 3600
    assert counting.rates(time) == {"online_rate": round(7 / 15, 4), "good_rate": 0.5833}
    assert hall.state.cameras["d"].today.known_s == 0


@given(start=st.integers(0, 3 * 1440), length=st.integers(0, 1440), cut=st.integers(0, 1440))
def test_session_time_adds_up(start: int, length: int, cut: int) -> None:
    a = MORNING + timedelta(minutes=start)
    b = a + timedelta(minutes=length)
    middle = min(a + timedelta(minutes=cut), b)
    zone = HALL.timezone
    hours = sessions.hours_of(WEEK)
    whole = sessions.open_seconds(hours, zone, a, b)
    parts = sessions.open_seconds(hours, zone, a, middle) + sessions.open_seconds(
        hours, zone, middle, b
    )
    assert whole == parts
    assert 0 <= whole <= (b - a).total_seconds()
    opens = sessions.next_open(hours, zone, a)
    assert opens is not None
    assert sessions.open_seconds(hours, zone, a, opens) == 0


states = st.sampled_from(["online", "stalled", "unreachable", "refused"])
faults = st.sets(st.sampled_from(["black", "frozen", "covered", "clock_wrong"]))
steps = st.lists(st.tuples(st.sampled_from("abcd"), states, faults, st.integers(0, 400)))


@given(steps=steps)
def test_every_alert_ends_when_its_trouble_does(steps: list[Any]) -> None:
    hall = Hall()
    for camera_id in "abcd":
        hall.add(camera_id, "nvr" if camera_id < "c" else "")
    for camera_id, state, found, seconds in steps:
        hall.report(camera_id, state, *found)
        hall.pass_time(seconds=seconds)
    for camera_id in "abcd":
        hall.report(camera_id, "online")
    raised = {e.alert_id for e in hall.events if isinstance(e, AlertRaised)}
    closed = [e.alert_id for e in hall.events if isinstance(e, AlertChanged)]
    assert sorted(closed) == sorted(raised), "each is closed, once"
    assert not any(camera.alarms for camera in hall.state.cameras.values())


def test_every_reason_that_a_worker_gives_has_its_words() -> None:
    folder = Path(worker.__file__).parent
    text = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
    given = set(re.findall(r'CameraTrouble\(\s*"(\w+)"', text))
    given |= set(re.findall(r'return "(\w+)"', (folder / "soap.py").read_text(encoding="utf-8")))
    assert len(given) > 10
    assert given - {"unknown_camera"} <= WHY.keys(), "an answer to an errand is no state"
