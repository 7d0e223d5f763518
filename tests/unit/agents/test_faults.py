"""What is wrong with devices: one alert while a fault lasts."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_core.errors import Invalid
from hall_core.events import AlertChanged, AlertRaised, Event, Recorded
from hall_core.faults import FAULTS, DevicesFeature, FaultsState, ReportDevice, decide_report
from hall_core.features import Actor, Audience, Context
from hall_core.setup import HallInfo

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HALL = HallInfo(id="h", name="大厅", region="1", level="county")
CONTEXT = Context(hall=HALL, now=NOW, actor=Actor("agent", "agent"), version=10)
FEATURE = DevicesFeature()


def happen(state: FaultsState, *happened: Event, first: int = 1) -> None:
    for version, event in enumerate(happened, first):
        FEATURE.apply(state, Recorded(version, NOW, "test", event))


FAULT: list[str | None] = [None, *FAULTS]
reports = st.lists(
    st.tuples(
        st.sampled_from(["d1", "d2"]), st.sampled_from(["", "2"]), st.sampled_from(FAULT)
    ),
    max_size=30,
)  # fmt: skip


def report(device: str, fault: str | None, screen: str = "") -> ReportDevice:
    return ReportDevice(device_id=device, name="东侧屏", fault=fault, place=screen)


@given(reports)
def test_one_open_alert_per_screen_that_has_a_fault(
    said: list[tuple[str, str, str | None]],
) -> None:
    state = FaultsState()
    version = 1
    open_alerts: dict[str, AlertRaised] = {}
    wrong: dict[tuple[str, str], str] = {}
    for device, screen, fault in said:
        context = msgspec.structs.replace(CONTEXT, version=version)
        events = decide_report(state, report(device, fault, screen), context)
        for event in events:
            if isinstance(event, AlertRaised):
                assert event.alert_id not in open_alerts
                assert event.kind == "device_fault"
                assert event.device_id == device
                open_alerts[event.alert_id] = event
            elif isinstance(event, AlertChanged):
                del open_alerts[event.alert_id]
        happen(state, *events, first=version)
        version += len(events)
        wrong.pop((device, screen), None)
        if fault is not None:
            wrong[device, screen] = fault
        assert len(open_alerts) == len(wrong)
        assert sorted(f.alert_id for f in state.faults.values()) == sorted(open_alerts)


def test_saying_the_same_again_raises_nothing() -> None:
    state = FaultsState()
    happen(state, *decide_report(state, report("d1", "autoplay_blocked"), CONTEXT))
    assert decide_report(state, report("d1", "autoplay_blocked"), CONTEXT) == []


def test_what_a_person_closed_may_be_said_again() -> None:
    state = FaultsState()
    happen(state, *decide_report(state, report("d1", "no_voice"), CONTEXT))
    alert_id = state.faults["d1-"].alert_id
    happen(state, AlertChanged(alert_id=alert_id, state="dismissed", level="hall"))
    assert len(decide_report(state, report("d1", "no_voice"), CONTEXT)) == 1


def test_an_alert_that_is_looked_at_stays_the_same_alert() -> None:
    state = FaultsState()
    happen(state, *decide_report(state, report("d1", "no_voice"), CONTEXT))
    alert_id = state.faults["d1-"].alert_id
    happen(state, AlertChanged(alert_id=alert_id, state="acknowledged", level="hall"))
    assert decide_report(state, report("d1", "no_voice"), CONTEXT) == []


def test_other_alerts_are_not_ours() -> None:
    state = FaultsState()
    alert = AlertRaised(alert_id="printer-3-7", kind="device_fault", level="hall", device_id="d1")
    happen(state, alert, AlertRaised(alert_id="absence-3-7", kind="absence_overdue", level="hall"))
    assert state.faults == {}


def test_a_screens_name_is_short_and_plain() -> None:
    with pytest.raises(Invalid):
        decide_report(FaultsState(), report("d1", "no_voice", "二号屏"), CONTEXT)


@given(reports)
def test_the_state_survives_being_written_down(said: list[tuple[str, str, str | None]]) -> None:
    state = FaultsState()
    for device, screen, fault in said:
        happen(state, *decide_report(state, report(device, fault, screen), CONTEXT))
    written = msgspec.json.encode(state)
    assert msgspec.json.decode(written, type=FaultsState) == state


def test_a_fault_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Invalid):
        decide_report(FaultsState(), report("d1", "on_fire"), CONTEXT)


def test_another_fault_closes_the_first_alert_and_raises_its_own() -> None:
    state = FaultsState()
    happen(state, *decide_report(state, report("d1", "paper_near_end", "printer"), CONTEXT))
    first = state.faults["d1-printer"].alert_id
    closed, raised = decide_report(state, report("d1", "paper_out", "printer"), CONTEXT)
    assert isinstance(closed, AlertChanged)
    assert (closed.alert_id, closed.state) == (first, "closed")
    assert isinstance(raised, AlertRaised)
    assert raised.detail == "东侧屏：打印机缺纸，请换纸"
    assert raised.detail_en == "东侧屏: Out of paper"


def test_an_alert_names_the_place_and_what_the_device_said_in_both_languages() -> None:
    said = msgspec.structs.replace(
        report("d1", "device_error", "2"), place_name=("屏幕2", "screen 2"), detail="E5"
    )
    [raised] = decide_report(FaultsState(), said, CONTEXT)
    assert isinstance(raised, AlertRaised)
    assert raised.detail == "东侧屏（屏幕2）：设备报告故障，请重新开机；如一直如此请报修（E5）"
    assert raised.detail_en == (
        "东侧屏 (screen 2): The device reports an error: switch it off and on (E5)"
    )


def test_an_alert_id_fits_its_column() -> None:
    longest = max(FAULTS, key=len)
    context = msgspec.structs.replace(CONTEXT, version=10**9 - 1)
    [raised] = decide_report(FaultsState(), report("0" * 12, longest, "p" * 20), context)
    assert isinstance(raised, AlertRaised)
    assert len(raised.alert_id) <= 60


def test_screens_learn_of_faults_and_of_their_end_and_pads_do_not() -> None:
    state = FaultsState()
    raised = decide_report(state, report("d1", "paper_out", "printer"), CONTEXT)
    happen(state, *raised)
    record = Recorded(10, NOW, "test", raised[0])
    [part] = FEATURE.touched(state, record)
    entry = {
        "where": "d1-printer", "device_id": "d1", "place": "printer", "fault": "paper_out",
        "since": NOW,
    }  # fmt: skip
    assert FEATURE.render(state, part, Audience("public")) == entry
    assert FEATURE.render(state, ("device_faults", None), Audience("staff")) == [entry]
    assert FEATURE.render(state, part, Audience("pad", 3)) is None
    happen(state, *decide_report(state, report("d1", None, "printer"), CONTEXT))
    gone = {"where": "d1-printer", "removed": True}
    assert FEATURE.render(state, part, Audience("public")) == gone
