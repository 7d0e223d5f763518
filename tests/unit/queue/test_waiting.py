"""Waiting times: what the simulation says, how it learns, and how often it is right."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hall_core.events import Priority
from hall_core.setup import (
    Clerk,
    Queue,
    Service,
    Session,
    Settings,
)
from hall_queue.domain import durations, order, waiting
from hall_queue.domain.state import Absence, WindowState
from tests.unit.queue.waiting_scene import ALWAYS, NINE, WEEKDAYS, Scene, at, ctx

# --- one window, then more ---------------------------------------------------------------------


def test_an_idle_window_means_no_wait() -> None:
    scene = Scene(H=10)
    scene.window(1, "H")
    wait = scene.forecast().queues["H"].ordinary
    assert (wait.low, wait.likely, wait.high) == (0, 0, 0)
    assert wait.at_likely == NINE
    assert not wait.assumed


def test_one_after_the_other() -> None:
    scene = Scene(H=9.5)
    scene.window(1, "H")
    ids = [scene.wait("H") for _ in range(3)]
    forecast = scene.forecast()
    assert [forecast.tickets[i].likely for i in ids] == [0, 10, 20]
    newcomer = forecast.queues["H"].ordinary
    assert newcomer.likely == 30
    assert newcomer.at_likely == NINE + timedelta(minutes=30)
    assert newcomer.low < 30 < newcomer.high


def test_saturation_is_waiting_per_window_at_work() -> None:
    scene = Scene(H=10)
    scene.window(1, "H")
    scene.window(2, "H")
    scene.window(3, "H", state="away")
    for _ in range(5):
        scene.wait("H")
    queue = scene.forecast().queues["H"]
    assert (queue.waiting, queue.online, queue.saturation) == (5, 2, 2.5)


def test_a_service_that_runs_is_finished_first() -> None:
    scene = Scene(H=10)
    post = scene.window(1, "H")
    scene.serve(post, "H", NINE - timedelta(minutes=4))
    assert scene.forecast().queues["H"].ordinary.likely == 6


def test_a_service_that_is_late_still_takes_a_fifth() -> None:
    scene = Scene(H=10)
    post = scene.window(1, "H")
    scene.serve(post, "H", NINE - timedelta(minutes=40))
    assert scene.forecast().queues["H"].ordinary.likely == 2


def test_a_call_is_followed_by_its_service() -> None:
    scene = Scene(H=9.5)
    post = scene.window(1, "H")
    scene.serve(post, "H", None)
    assert scene.forecast().queues["H"].ordinary.likely == 10


def test_a_window_that_is_away_takes_nobody() -> None:
    scene = Scene(H=9.5)
    scene.window(1, "H")
    second = scene.window(2, "H")
    for _ in range(8):
        scene.wait("H")
    with_both = scene.forecast().queues["H"].ordinary.likely
    second.state = "away"
    order.refresh_windows(scene.state)
    alone = scene.forecast().queues["H"].ordinary
    assert (with_both, alone.likely) == (40, 80)
    assert not alone.assumed


def test_cases_weigh() -> None:
    scene = Scene(H=9.5)
    scene.window(1, "H")
    scene.wait("H", cases=3)
    assert scene.forecast().queues["H"].ordinary.likely == 29


def test_priorities_and_covered_neighbours_follow_the_real_order() -> None:
    scene = Scene(H=9.5, S=9.5)
    post = scene.window(1, "H", "S2")
    scene.window(2, "S", state="away")
    first_s, h = scene.wait("S"), scene.wait("H")
    forecast = scene.forecast()
    assert (forecast.tickets[h].likely, forecast.tickets[first_s].likely) == (0, 10)
    post.covers = 2  # S is now one of its best queues
    scene.state.posts[2].covered_by = 1
    forecast = scene.forecast()
    assert (forecast.tickets[first_s].likely, forecast.tickets[h].likely) == (0, 10)


def test_green_goes_first_but_interleaved() -> None:
    scene = Scene(H=9.5)
    post = scene.window(1, "H")
    post.ordinary_since_green = 2
    people = [scene.wait("H") for _ in range(6)]
    greens = [scene.wait("H", "green") for _ in range(2)]
    forecast = scene.forecast()
    assert [forecast.tickets[i].likely for i in greens] == [0, 30]
    assert [forecast.tickets[i].likely for i in people] == [10, 20, 40, 50, 60, 70]
    queue = forecast.queues["H"]
    assert queue.ordinary.likely == 80
    assert queue.green.likely == 60


def test_who_waits_for_one_window_only() -> None:
    scene = Scene(H=9.5)
    post = scene.window(3, "H")
    scene.serve(post, "H", NINE)
    scene.window(4, "H")
    tied = scene.wait("H", window=3)
    assert scene.forecast().tickets[tied].likely in (9, 10)
    post.state, post.ticket = "away", None
    post.absence = Absence(
        clerk="1",
        reason="会议",
        contact="1",
        expected_return=NINE + timedelta(minutes=25),
        since=NINE,
    )
    order.refresh_windows(scene.state)
    forecast = scene.forecast()
    assert forecast.tickets[tied].likely == 25
    assert forecast.tickets[tied].assumed
    assert not forecast.queues["H"].ordinary.assumed
    del scene.state.posts[3]
    assert scene.forecast().tickets[tied].assumed


# --- nobody at work ----------------------------------------------------------------------------


def test_no_window_open_assumes_those_that_have_a_clerk() -> None:
    scene = Scene(H=9.5)
    for number in (1, 2, 3):
        scene.window(number, "H", state="closed")
    for _ in range(4):
        scene.wait("H")
    assert scene.forecast().queues["H"].ordinary.likely == 10  # three windows, none has a clerk
    scene.state.clerks["1"] = Clerk(clerk_no="1", name="王", windows=(2,))
    wait = scene.forecast().queues["H"].ordinary
    assert wait.likely == 40
    assert wait.assumed
    assert scene.forecast().queues["H"].online == 0


def test_a_queue_without_any_window_still_has_an_answer() -> None:
    scene = Scene(H=9.5, X=9.5)
    scene.window(1, "H")
    scene.wait("X")
    wait = scene.forecast().queues["X"].ordinary
    assert (wait.likely, wait.assumed) == (10, True)


def test_clerks_who_are_away_are_expected_back() -> None:
    scene = Scene(H=9.5)
    post = scene.window(1, "H", state="away")
    post.absence = Absence(
        clerk="1",
        reason="会议",
        contact="1",
        expected_return=NINE + timedelta(minutes=15),
        since=NINE,
    )
    scene.window(2, "H", state="closed")
    wait = scene.forecast().queues["H"].ordinary
    assert (wait.likely, wait.assumed) == (15, True)
    assert scene.forecast(NINE + timedelta(minutes=30)).queues["H"].ordinary.likely == 5  # overdue


def test_an_assumed_window_does_not_help_other_queues() -> None:
    scene = Scene(H=9.5, S=9.5)
    scene.window(1, "H")
    scene.window(2, "H", "S", state="closed")
    for _ in range(3):
        scene.wait("H")
    assert scene.forecast().queues["H"].ordinary.likely == 30


# --- breaks and closing ------------------------------------------------------------------------


def test_lunch_is_skipped_and_said_as_clock_times() -> None:
    scene = Scene(H=9.5)
    scene.window(1, "H")
    ids = [scene.wait("H") for _ in range(4)]
    forecast = scene.forecast(at("11:45"))
    before, after = forecast.tickets[ids[0]], forecast.tickets[ids[3]]
    assert not before.crosses_break
    assert after.crosses_break
    assert after.at_likely == at("14:45")
    assert after.likely == 180
    # On the stroke of twelve nobody is called any more.
    time = forecast.queues["H"].timeline
    assert time.now + timedelta(microseconds=time.clock_us(15 * 60)) == at("14:30")


def test_before_opening_and_during_lunch_the_wait_starts_with_the_session() -> None:
    scene = Scene(H=10)
    scene.window(1, "H", state="closed")
    wait = scene.forecast(at("08:10")).queues["H"].ordinary
    assert (wait.likely, wait.assumed, wait.at_likely) == (20, True, at("08:30"))
    scene.window(1, "H")
    assert scene.forecast(at("12:30")).queues["H"].ordinary.at_likely == at("14:30")


def test_who_still_waits_at_closing_is_served() -> None:
    scene = Scene(H=9.5)
    scene.window(1, "H")
    ids = [scene.wait("H") for _ in range(4)]
    wait = scene.forecast(at("17:20")).tickets[ids[3]]
    assert (wait.at_likely, wait.crosses_break) == (at("17:50"), False)
    assert scene.forecast(at("17:40")).tickets[ids[3]].at_likely == at("18:10")


def test_after_closing_with_nobody_at_work_it_is_tomorrow() -> None:
    scene = Scene(H=9.5)
    scene.window(1, "H", state="closed")
    wait = scene.forecast(at("20:00")).queues["H"].ordinary
    assert wait.at_likely == at("08:30") + timedelta(days=1)
    assert wait.crosses_break


def test_a_hall_without_sessions_counts_plain_minutes() -> None:
    scene = Scene(Settings(), H=9.5)
    scene.window(1, "H")
    scene.wait("H")
    assert scene.forecast(at("23:55")).queues["H"].ordinary.likely == 10


def test_a_queue_with_sessions_of_its_own() -> None:
    scene = Scene(H=9.5)
    own = (Session(start="09:00", until="10:00"), Session(start="15:00", until="16:00"))
    scene.state.lines["H"].setup = Queue(prefix="H", name="H", sessions=own)
    scene.window(1, "H")
    scene.wait("H")
    assert scene.forecast(at("09:55")).queues["H"].ordinary.at_likely == at("15:05")


def test_passes_closing() -> None:
    scene = Scene(H=9.5)
    scene.window(1, "H")
    now = at("17:00")

    def passes(now: datetime = now) -> bool:
        return waiting.passes_closing(scene.state, ctx(now), "H")

    assert not passes(at("17:29"))
    scene.wait("H")
    scene.wait("H")
    assert not passes()
    scene.wait("H")
    assert passes()
    assert not passes(at("11:50"))  # after lunch there is time
    scene.state.settings = ALWAYS
    assert not passes()


def test_passes_closing_shares_mixed_windows() -> None:
    scene = Scene(H=9.5, S=9.5)
    scene.window(1, "H", "S")
    for prefix in "HHSSS":
        scene.wait(prefix)
    assert waiting.passes_closing(scene.state, ctx(at("17:00")), "H")
    assert not waiting.passes_closing(scene.state, ctx(at("16:20")), "H")


def test_the_green_channel_passes_closing_by_whom_it_waits_for() -> None:
    scene = Scene(H=9.5, S=9.5)
    scene.window(1, "H", "S")
    for _ in range(21):
        scene.wait("H")
    now = ctx(at("17:00"))
    assert waiting.passes_closing(scene.state, now, "H")
    assert not waiting.passes_closing(scene.state, now, "H", green=True)
    scene.wait("H", "green")  # with it two ordinary ones: half an hour
    assert waiting.passes_closing(scene.state, now, "H", green=True)
    assert not waiting.passes_closing(scene.state, ctx(at("16:45")), "H", green=True)
    assert not waiting.passes_closing(scene.state, ctx(at("16:45")), "S", green=True)


# --- measured durations ------------------------------------------------------------------------


def test_the_estimate_moves_after_twenty_services() -> None:
    scene = Scene(H=10)
    scene.window(1, "H")
    for _ in range(10):
        scene.wait("H")
    before = scene.forecast().queues["H"].ordinary
    assert before.likely == 105
    scene.measured("H", [4.0] * 20)
    after = scene.forecast().queues["H"].ordinary
    # 20 of 25 parts of it are measured: 5.2 minutes each.
    assert after.likely == 57
    assert after.high - after.low < before.high - before.low
    scene.measured("H", [4.0] * 40)
    assert scene.forecast().queues["H"].ordinary.likely == 50


def test_one_odd_service_moves_little() -> None:
    scene = Scene(H=10)
    scene.measured("H", [10.0] * 6 + [200.0])
    assert durations.service_estimate(scene.state, "h", NINE.hour).minutes == 10
    scene.measured("H", [9.0, 11.0] * 10 + [200.0])
    assert durations.service_estimate(scene.state, "h", NINE.hour).minutes < 11


def test_hours_of_the_day_differ_once_there_is_data() -> None:
    scene = Scene(H=10)
    scene.measured("H", [5.0] * 20, hour=1)
    scene.measured("H", [15.0] * 7, hour=7)
    few = durations.service_estimate(scene.state, "h", 8).minutes
    assert few == durations.service_estimate(scene.state, "h", 12).minutes
    scene.measured("H", [15.0] * 8, hour=7)
    assert durations.service_estimate(scene.state, "h", 8).minutes > few + 3
    assert durations.service_estimate(scene.state, "h", 2).minutes < 7


def test_midnight_is_between_neighbouring_hours() -> None:
    scene = Scene(H=10)
    scene.measured("H", [20.0] * 10, hour=12)
    scene.measured("H", [5.0] * 10, hour=23)
    assert durations.service_estimate(scene.state, "h", 0).minutes < 8


def test_samples_are_per_case_bounded_and_without_slips() -> None:
    scene = Scene(H=10)
    state = scene.state
    for minutes, cases in ((0.1, 1), (241.0, 1), (0.3, 3)):
        durations.record_duration(state, "h", "H", 1, minutes, cases)
    assert not state.durations
    durations.record_duration(state, "h", "H", 1, 24.0, 3)
    assert state.durations["h"].samples == [(1, 8.0)]
    assert state.durations["queue:H"].samples == [(1, 8.0)]
    durations.record_duration(state, None, "H", 1, 5.0, 1)
    assert len(state.durations["h"].samples) == 1
    for index in range(100):
        durations.record_duration(state, "h", "H", 1, 10.0 + index, 1)
    assert len(state.durations["h"].samples) == 60
    assert state.durations["h"].samples[-1] == (1, 109.0)


def test_an_undone_finish_is_forgotten() -> None:
    scene = Scene(H=10)
    scene.measured("H", [8.0, 9.0, 7.0])
    durations.forget_duration(scene.state, "h", "H", 9.0, 1)
    assert [m for _, m in scene.state.durations["h"].samples] == [8.0, 7.0]
    assert [m for _, m in scene.state.durations["queue:H"].samples] == [8.0, 7.0]
    durations.forget_duration(scene.state, "unknown", "H", 99.0, 1)


def test_a_ticket_that_names_no_item_takes_the_mean_of_its_queue() -> None:
    scene = Scene(H=5)
    scene.state.services["other"] = Service(id="other", name="o", prefix="H", minutes=14)
    scene.window(1, "H")
    scene.wait("H", item=False)
    assert scene.forecast().queues["H"].ordinary.likely == 10
    scene.state.services.clear()
    assert scene.forecast().queues["H"].ordinary.likely == round(durations.UNKNOWN_MIN + 0.5)


# --- a newcomer, at once -----------------------------------------------------------------------


@pytest.mark.parametrize(("windows", "before"), [(1, 0), (1, 5), (4, 0), (4, 2), (4, 9), (6, 20)])
def test_arrival_follows_the_full_forecast(windows: int, before: int) -> None:
    scene = Scene(H=9.5)
    for number in range(1, windows + 1):
        scene.window(number, "H")
    for _ in range(before):
        scene.wait("H")
    old = scene.forecast()
    for issued in range(12):
        quick = waiting.arrival(old, scene.state, "H", "normal", issued)
        exact = scene.forecast().queues["H"].ordinary
        # Within a simulated start they go in steps of a service, here evenly.
        assert abs(quick.likely - exact.likely) <= 10
        assert quick.low <= quick.likely <= quick.high
        scene.wait("H")


def test_arrival_of_a_green_ticket_is_hardly_delayed_by_ordinary_ones() -> None:
    scene = Scene(ALWAYS, H=9.5)
    scene.window(1, "H")
    forecast = scene.forecast()
    assert waiting.arrival(forecast, scene.state, "H", "green", 30).likely == 20
    assert waiting.arrival(forecast, scene.state, "H", "normal", 30).likely == 300


def test_arrival_at_a_queue_that_is_newer_than_the_forecast() -> None:
    scene = Scene(H=9.5)
    wait = waiting.arrival(scene.forecast(), scene.state, "N", "normal", 0)
    assert (wait.likely, wait.assumed) == (0, True)


# --- bounds ------------------------------------------------------------------------------------


def test_a_very_long_line_is_extrapolated() -> None:
    scene = Scene(ALWAYS, H=9.5)
    scene.window(1, "H")
    ids = [scene.wait("H") for _ in range(600)]
    forecast = scene.forecast()
    assert len(forecast.tickets) == 600
    likely = [forecast.tickets[i].likely for i in ids]
    assert likely == sorted(likely)
    assert likely[199] == 1990
    assert likely[599] == pytest.approx(5990, rel=0.01)
    assert forecast.queues["H"].ordinary.likely == pytest.approx(6000, rel=0.01)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    scene = Scene(draw(st.sampled_from([WEEKDAYS, ALWAYS, Settings()])), H=5, S=10, M=20)
    queues = st.lists(
        st.sampled_from(["H", "H2", "S", "S2", "M"]), max_size=3, unique_by=lambda q: q[0]
    )
    states: st.SearchStrategy[WindowState] = st.sampled_from(["closed", "open", "open", "away"])
    priorities: st.SearchStrategy[Priority] = st.sampled_from(["normal", "green", "green_pending"])
    for number in range(1, draw(st.integers(0, 5)) + 1):
        scene.window(number, *draw(queues), state=draw(states))
    for _ in range(draw(st.integers(0, 25))):
        scene.wait(
            draw(st.sampled_from("HSM")),
            draw(priorities),
            cases=draw(st.integers(1, 3)),
            window=draw(st.sampled_from([None, None, None, 1, 9])),
        )
    return scene


@settings(max_examples=80)
@given(scenes(), st.integers(0, 7 * 24 * 60))
def test_everybody_has_a_range_and_nothing_is_changed(scene: Scene, minutes: int) -> None:
    now = NINE + timedelta(minutes=minutes)
    before = repr(scene.state)
    forecast = scene.forecast(now)
    assert repr(scene.state) == before
    assert set(forecast.tickets) == set(scene.state.tickets)
    newcomers = [w for q in forecast.queues.values() for w in (q.ordinary, q.green)]
    for wait in [*forecast.tickets.values(), *newcomers]:
        assert 0 <= wait.low <= wait.likely <= wait.high
        assert now <= wait.at_low <= wait.at_likely <= wait.at_high
    for prefix, queue in forecast.queues.items():
        line = scene.state.lines[prefix]
        for _, ticket_id in line.ordinary:
            assert forecast.tickets[ticket_id].at_likely <= queue.ordinary.at_likely
