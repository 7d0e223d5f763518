"""What simulated people do: the same for the same seed, and as often as the rates say."""

from __future__ import annotations

import statistics
from datetime import date
from random import Random

import pytest

from hall_app.demo import city, habits
from hall_app.demo.habits import Matter, Rates, Visit

TODAY = date(2026, 3, 3)
HOURS = ((8.5 * 3600, 12 * 3600.0), (14.5 * 3600, 17.5 * 3600))
SHARE = {"08:30": 0.2, "09:30": 0.25, "10:30": 0.2, "14:30": 0.18, "15:30": 0.12, "16:30": 0.05}
MATTERS = (
    Matter("id_card", "H", 8.0, id_required=True),
    Matter("birth_reg", "H", 12.0),
    Matter("medical_join", "M", 6.0),
)
REASONS = ("会议", "培训", "送件", "现场勘验", "业务请示", "就餐", "请假", "设备故障", "短时离开")
NEVER = Rates(**dict.fromkeys(Rates.__struct_fields__, 0.0))


def a_day(seed: str = "a", tickets: float = 400, rates: Rates = habits.RATES) -> list[Visit]:
    return habits.visits(
        Random(seed), MATTERS, {"H": tickets, "M": tickets / 2}, SHARE, HOURS, TODAY, rates
    )


def a_duty(seed: str, rates: Rates = habits.RATES) -> habits.Duty:
    return habits.duty(Random(seed), HOURS, REASONS, rates)


# --- visits ------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_day_and_another_seed_another() -> None:
    assert a_day("a") == a_day("a")
    assert a_day("a") != a_day("b")


def test_people_come_in_order_and_only_while_the_hall_is_open() -> None:
    times = [visit.at_s for visit in a_day()]
    assert times == sorted(times)
    assert all(any(start <= at < until for start, until in HOURS) for at in times)


def test_as_many_come_as_the_city_says_spread_over_the_day_as_it_says() -> None:
    days = [a_day(f"day {n}", tickets=300) for n in range(60)]
    assert statistics.mean(len(day) for day in days) == pytest.approx(450, rel=0.03)
    everybody = [visit for day in days for visit in day]
    for start, until, share in habits.slots(SHARE, HOURS):
        here = sum(start <= visit.at_s < until for visit in everybody)
        assert here / len(everybody) == pytest.approx(share, abs=0.02)


def test_arrivals_scatter_as_a_poisson_process_does() -> None:
    counts = [sum(1 for _ in habits.arrivals(Random(n), SHARE, HOURS, 100)) for n in range(400)]
    assert statistics.mean(counts) == pytest.approx(100, rel=0.03)
    assert statistics.variance(counts) == pytest.approx(100, rel=0.25)


def test_a_slot_ends_with_its_session_or_where_the_next_begins() -> None:
    assert habits.slots(SHARE, HOURS)[0] == (8.5 * 3600, 9.5 * 3600, 0.2)
    assert habits.slots(SHARE, HOURS)[2] == (10.5 * 3600, 12 * 3600, 0.2)
    assert habits.slots(SHARE, HOURS)[-1] == (16.5 * 3600, 17.5 * 3600, 0.05)
    assert habits.slots(SHARE, ()) == []


def test_without_habits_everybody_takes_the_right_ticket_and_turns_up() -> None:
    for visit in a_day(rates=NEVER):
        assert visit.asks == visit.service
        assert (visit.presence, visit.course, visit.cases) == ("there", "plain", 1)
        assert visit.cancels_after_s is None
        assert visit.special_after_s is None
        assert visit.claims_green is False
        assert (visit.id_number is not None) == (visit.service == "id_card")


@pytest.mark.parametrize(
    ("presence", "rate"), [("gone", 0.035), ("misses", 0.03), ("slow", 0.08), ("there", 0.855)]
)
def test_people_miss_their_call_as_often_as_the_rates_say(presence: str, rate: float) -> None:
    everybody = a_day(tickets=20_000)
    share = sum(visit.presence == presence for visit in everybody) / len(everybody)
    assert share == pytest.approx(rate, rel=0.1)


def test_a_wrong_ticket_is_of_another_queue_and_noticed_some_time() -> None:
    wrong = [visit for visit in a_day(tickets=5000) if visit.asks != visit.service]
    prefixes = {matter.id: matter.prefix for matter in MATTERS}
    assert wrong
    assert all(prefixes[visit.asks] != prefixes[visit.service] for visit in wrong)
    assert all(visit.notices_after_s is not None for visit in wrong)


def test_only_who_claims_the_green_channel_may_be_entitled_to_it() -> None:
    everybody = a_day(tickets=5000)
    assert any(visit.entitled for visit in everybody)
    assert all(visit.claims_green for visit in everybody if visit.entitled)


def test_queues_without_items_get_nobody() -> None:
    found = habits.visits(Random(1), MATTERS, {"Q": 500}, SHARE, HOURS, TODAY)
    assert found == []


# --- durations and ids -------------------------------------------------------------------------


def test_durations_have_the_items_mean_and_stay_within_reason() -> None:
    rng = Random(5)
    found = [habits.spread(rng, 10.0) for _ in range(20_000)]
    assert statistics.mean(found) == pytest.approx(10.0, rel=0.03)
    assert statistics.median(found) < statistics.mean(found)
    assert min(found) >= 2.5
    assert max(found) <= 35.0


def test_ids_are_valid_and_of_a_fictional_region() -> None:
    from hall_queue.persons import age_of, valid_id_number

    rng = Random(2)
    for _ in range(500):
        number = habits.fictional_id(rng, date(1950, 2, 28))
        assert valid_id_number(number)
        assert number.startswith("159921")
        assert age_of(number, TODAY) == 76


def test_one_of_gives_each_its_share() -> None:
    rng = Random(3)
    found = [habits.one_of(rng, {"a": 0.2, "b": 0.3}, "c") for _ in range(10_000)]
    assert found.count("a") == pytest.approx(2000, rel=0.1)
    assert found.count("b") == pytest.approx(3000, rel=0.1)
    assert habits.one_of(rng, {}, "c") == "c"


def test_patience_does_not_run_out_during_lunch() -> None:
    half_past_eleven = 11.5 * 3600
    assert habits.open_later(HOURS, half_past_eleven, 600) == half_past_eleven + 600
    assert habits.open_later(HOURS, half_past_eleven, 3600) == 14.5 * 3600 + 1800
    assert habits.open_later(HOURS, 8 * 3600, 60) == 8.5 * 3600 + 60


# --- clerks ------------------------------------------------------------------------------------


def test_a_duty_is_the_same_for_the_same_seed() -> None:
    assert a_duty("a") == a_duty("a")


def test_clerks_begin_around_the_start_of_each_session() -> None:
    for n in range(300):
        duty = a_duty(str(n))
        assert len(duty.begins) == len(HOURS)
        for begin, (start, _) in zip(duty.begins, HOURS, strict=True):
            assert start - 6 * 60 <= begin <= start + 18 * 60


def test_breaks_lie_within_a_session_and_name_a_reason_of_the_hall() -> None:
    kinds = set()
    for n in range(500):
        for planned in a_duty(str(n)).breaks:
            kinds.add(planned.kind)
            assert any(start < planned.at_s < until for start, until in HOURS)
            assert planned.minutes > 0
            assert planned.minutes + planned.late_min > 0
            assert planned.kind in ("quick", "silent") or planned.reason in REASONS
    assert kinds == {"notice", "quick", "stand_in", "handover", "silent"}


def test_a_hall_that_lists_few_reasons_gets_no_others() -> None:
    for n in range(200):
        duty = habits.duty(Random(n), HOURS, ("会议",))
        assert {b.reason for b in duty.breaks if b.reason} <= {"会议"}
        assert duty.lunch == "close"
        assert not duty.sick


def test_some_come_back_late_and_most_in_time() -> None:
    breaks = [b for n in range(1000) for b in a_duty(str(n)).breaks if b.kind != "silent"]
    late = sum(b.late_min > 0 for b in breaks) / len(breaks)
    assert late == pytest.approx(habits.RATES.late_return, abs=0.04)


def test_nobody_takes_a_break_where_the_rates_are_nought() -> None:
    assert all(not a_duty(str(n), NEVER).breaks for n in range(50))


# --- the city as it ships ----------------------------------------------------------------------


def test_every_hall_of_the_city_gets_its_people() -> None:
    shipped = city.load()
    for hall in shipped.halls:
        matters = [
            Matter(s.id, s.prefix if s.prefix in hall.windows else city.MIXED, s.minutes)
            for s in shipped.services
        ]
        hours = tuple(
            (habits.seconds_of(text[:5]), habits.seconds_of(text[6:])) for text in shipped.weekday
        )
        found = habits.visits(
            Random(hall.id), matters, hall.tickets_day, shipped.arrival_share, hours, TODAY
        )
        expected = sum(hall.tickets_day.values())
        assert len(found) == pytest.approx(expected, abs=4 * expected**0.5 + 1)
