"""What people say of the service: the same for the same seed, mostly good, never about nothing."""

from __future__ import annotations

import statistics
from random import Random

from hall_app.demo.opinions import complaints, contact_of, opinion
from hall_core.events import RatingLevel
from hall_evaluation.service import PHONE

BAD: tuple[RatingLevel, ...] = ("dissatisfied", "very_dissatisfied")


def test_the_same_seed_says_the_same() -> None:
    assert [opinion(Random(n)) for n in range(50)] == [opinion(Random(n)) for n in range(50)]


def test_most_are_content_some_say_nothing_and_a_few_say_why_not() -> None:
    everybody = [opinion(Random(n)) for n in range(4000)]
    said = [one for one in everybody if one is not None]
    assert 0.6 < len(said) / len(everybody) < 0.75
    bad = [one for one in said if one.level in BAD]
    assert 0.015 < len(bad) / len(said) < 0.05
    assert all(one.reasons for one in bad)
    assert not any(one.reasons or one.text or one.contact for one in said if one.level not in BAD)
    assert any(one.contact for one in bad)
    assert any(one.where == "phone" for one in said)
    assert 3 < statistics.median(one.after_s for one in said if one.where == "window") < 15


def test_a_busy_hall_hears_a_complaint_every_day_and_others_seldom() -> None:
    for n in range(50):
        assert [one.source for one in complaints(Random(n), True)].count("telephone") == 1
    assert statistics.mean(len(complaints(Random(n), False)) for n in range(500)) < 0.5


def test_telephone_numbers_are_nobodys_and_are_taken() -> None:
    numbers = [contact_of(Random(n))["phone"] for n in range(50)]
    assert all(number.startswith("100") and PHONE.fullmatch(number) for number in numbers)
