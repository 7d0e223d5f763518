"""What people do and how long it takes: pure decisions, the same for the same seed.

A day is planned before it begins: who comes when and for what, who does not turn up, who goes to
a meeting and who comes back late. What then really happens depends on the queue.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, Literal

import msgspec

Hours = tuple[tuple[float, float], ...]
"""Sessions of one day, seconds since midnight."""

DAY_S = 24 * 3600.0


class Matter(msgspec.Struct, frozen=True):
    """A service item as a citizen knows it."""

    id: str
    prefix: str
    minutes: float
    id_required: bool = False


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """How often, as shares of all people or windows. The figures are invented, sizes are usual."""

    asks_desk: float = 0.03  # does not know what to press: the guide desk takes the ticket
    wrong_item: float = 0.025
    shows_id: float = 0.6  # at the kiosk, where the item does not ask for it anyway
    over_65: float = 0.10
    claims_green: float = 0.035
    entitled: float = 0.8  # of those who claim it
    two_cases: float = 0.05
    gone: float = 0.035  # left without a word
    misses: float = 0.03  # not there when called, turns up later
    slow: float = 0.08  # comes when called again
    cancels: float = 0.02  # by phone
    looks_at_phone: float = 0.1
    hold: float = 0.02
    transfer: float = 0.02
    goes_on: float = 0.02  # further matter in a next queue
    slip: float = 0.006  # the clerk presses finish too early and takes it back
    special: float = 0.006  # asks at the window to be taken out of turn

    notice: float = 0.35  # of windows, in one session
    quick: float = 0.25
    silent: float = 0.07  # leaves without a notice
    late_return: float = 0.15
    stand_in: float = 0.3  # of notices, where a B clerk comes
    handover: float = 0.1
    asks_cover: float = 0.3
    late_start: float = 0.05
    sick: float = 0.015


RATES = Rates()

Presence = Literal["there", "slow", "misses", "gone"]
Course = Literal["plain", "hold", "transfer", "goes_on", "slip"]


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One person's errand."""

    at_s: float  # of the day, when they stand before the kiosk
    service: str  # what they came for
    asks: str  # what they press
    minutes: float  # at the window
    walk_s: float  # from the chair to the window
    patience_s: float  # of open time
    at_desk: bool = False
    id_number: str | None = None
    claims_green: bool = False
    entitled: bool = False
    cases: int = 1
    presence: Presence = "there"
    back_s: float = 0.0  # after being missed
    course: Course = "plain"
    away_s: float = 0.0  # during a hold
    cancels_after_s: float | None = None
    notices_after_s: float | None = None  # that it is the wrong ticket
    special_after_s: float | None = None
    looks: int = 0  # at the phone page


# --- a day's visits ----------------------------------------------------------------------------


def hours_of(sessions: Sequence[Mapping[str, Any]]) -> Hours:
    """The sessions of one weekday as the server tells them."""
    return tuple((seconds_of(s["start"]), seconds_of(s["until"])) for s in sessions)


def seconds_of(text: str) -> float:
    hours, _, minutes = text.partition(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0


def slots(share: Mapping[str, float], hours: Hours) -> list[tuple[float, float, float]]:
    """(from, until, share of the day's tickets): each begins at its key, ends at the next one's
    or with its session."""
    found = []
    starts = sorted((seconds_of(text), part) for text, part in share.items())
    for index, (start, part) in enumerate(starts):
        following = starts[index + 1][0] if index + 1 < len(starts) else DAY_S
        for begin, end in hours:
            if begin <= start < end:
                found.append((start, min(end, following), part))
    return found


def arrivals(
    rng: Random, share: Mapping[str, float], hours: Hours, tickets: float
) -> Iterator[float]:
    """Times of day at which people of one queue arrive: a Poisson process in each slot."""
    for start, until, part in slots(share, hours):
        expected = tickets * part
        if expected <= 0:
            continue
        at = start
        while (at := at + rng.expovariate(expected / (until - start))) < until:
            yield at


def visits(
    rng: Random,
    matters: Sequence[Matter],
    tickets_day: Mapping[str, float],
    share: Mapping[str, float],
    hours: Hours,
    today: date,
    rates: Rates = RATES,
) -> list[Visit]:
    """Everybody who comes to one hall today, in order of arrival."""
    found = []
    for prefix, tickets in tickets_day.items():
        here = [matter for matter in matters if matter.prefix == prefix]
        if not here:
            continue
        others = [matter for matter in matters if matter.prefix != prefix] or here
        weights = [1 / matter.minutes for matter in here]  # short matters are more common
        for at_s in arrivals(rng, share, hours, tickets):
            matter = rng.choices(here, weights)[0]
            found.append(_visit(rng, at_s, matter, others, today, rates))
    return sorted(found, key=lambda visit: visit.at_s)


def _visit(
    rng: Random, at_s: float, matter: Matter, others: Sequence[Matter], today: date, rates: Rates
) -> Visit:
    wrong = rng.random() < rates.wrong_item
    asks = rng.choice(others) if wrong else matter
    old = rng.random() < rates.over_65
    shows_id = asks.id_required or rng.random() < rates.shows_id
    cases = 2 if rng.random() < rates.two_cases else 1
    claims = not old and rng.random() < rates.claims_green
    cancels = rng.random() < rates.cancels
    course: Course = one_of(
        rng,
        {
            "hold": rates.hold,
            "transfer": rates.transfer,
            "goes_on": rates.goes_on,
            "slip": rates.slip,
        },
        "plain",
    )
    presence: Presence = one_of(
        rng, {"gone": rates.gone, "misses": rates.misses, "slow": rates.slow}, "there"
    )
    return Visit(
        at_s=at_s,
        service=matter.id,
        asks=asks.id,
        minutes=spread(rng, matter.minutes) * (1 + 0.7 * (cases - 1)),
        walk_s=rng.uniform(8, 22) * (1.5 if old else 1.0),
        patience_s=60 * min(300.0, rng.lognormvariate(math.log(110), 0.5)),
        at_desk=rng.random() < rates.asks_desk,
        id_number=fictional_id(rng, _birth(rng, today, old)) if shows_id else None,
        claims_green=claims,
        entitled=claims and rng.random() < rates.entitled,
        cases=cases,
        presence=presence,
        back_s=rng.uniform(150, 1200),
        course=course,
        away_s=rng.uniform(240, 900),
        cancels_after_s=rng.uniform(300, 2400) if cancels else None,
        notices_after_s=rng.uniform(60, 500) if wrong else None,
        special_after_s=rng.uniform(300, 900) if rng.random() < rates.special else None,
        looks=rng.randint(1, 2) if rng.random() < rates.looks_at_phone else 0,
    )


def spread(rng: Random, minutes: float, sigma: float = 0.45) -> float:
    """A duration around `minutes` (its mean), lopsided as durations are."""
    factor = rng.lognormvariate(-sigma * sigma / 2, sigma)
    return minutes * min(3.5, max(0.25, factor))


def one_of(rng: Random, shares: Mapping[Any, float], otherwise: Any) -> Any:
    """One of the keys, each with its share, or what remains."""
    point = rng.random()
    for key, share in shares.items():
        point -= share
        if point < 0:
            return key
    return otherwise


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def fictional_id(rng: Random, born: date) -> str:
    """An ID number of the fictional region 159921, with its check digit."""
    text = f"159921{born:%Y%m%d}{rng.randrange(1000):03d}"
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=True))
    return text + "10X98765432"[total % 11]


def _birth(rng: Random, today: date, old: bool) -> date:
    years = rng.uniform(65.1, 88) if old else rng.uniform(18, 64.5)
    return today - timedelta(days=int(years * 365.25))


# --- a clerk's day -----------------------------------------------------------------------------

BreakKind = Literal["notice", "quick", "stand_in", "handover", "silent"]


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """One planned absence from the window."""

    at_s: float
    minutes: float  # as announced
    late_min: float = 0.0  # beyond that
    kind: BreakKind = "notice"
    reason: str = ""
    destination: str = ""
    asks_cover: bool = False


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """One clerk's day at one window."""

    begins: tuple[float, ...]  # seconds of the day, one for each session
    breaks: tuple[Break, ...] = ()
    lunch: Literal["notice", "close"] = "close"
    sick: bool = False


REASONS: tuple[tuple[str, str, float, float, int], ...] = (
    # reason, where to, minutes from and to, weight
    ("送件", "后台审批科", 8, 16, 4),
    ("业务请示", "科长室", 8, 20, 4),
    ("会议", "三楼会议室", 20, 45, 3),
    ("设备故障", "信息科", 8, 20, 1),
    ("培训", "二楼培训室", 30, 50, 1),
    ("现场勘验", "项目现场", 40, 70, 1),
)
LUNCH = "就餐"
SICK = "请假"
QUICK_MIN = 10.0
WANDERS_AFTER_S = 10 * 60.0


def duty(rng: Random, hours: Hours, reasons: Sequence[str], rates: Rates = RATES) -> Duty:
    """How a clerk's day is meant to go. `reasons` are those the hall's list allows."""
    begins = []
    breaks: list[Break] = []
    for start, until in hours:
        late = rng.random() < rates.late_start
        begins.append(start + 60 * (rng.uniform(4, 18) if late else rng.uniform(-6, -0.5)))
        if until - start > 3600:
            breaks.extend(_breaks(rng, start + 1200, until - 2400, reasons, rates))
    return Duty(
        begins=tuple(begins),
        breaks=tuple(sorted(breaks, key=lambda b: b.at_s)),
        lunch="notice" if LUNCH in reasons and rng.random() < 0.5 else "close",
        sick=SICK in reasons and rng.random() < rates.sick,
    )


def wandering(duty: Duty, hours: Hours, minutes: float) -> Duty:
    """The duty of somebody who leaves without a notice every session, for so long."""
    silent = [
        Break(at_s=start + WANDERS_AFTER_S, minutes=minutes, kind="silent") for start, _ in hours
    ]
    return msgspec.structs.replace(duty, breaks=tuple(silent), sick=False)


def _breaks(
    rng: Random, earliest: float, latest: float, reasons: Sequence[str], rates: Rates
) -> Iterator[Break]:
    known = [entry for entry in REASONS if entry[0] in reasons]
    if known and rng.random() < rates.notice:
        reason, destination, low, high, _ = rng.choices(known, [entry[4] for entry in known])[0]
        kind: BreakKind = one_of(
            rng, {"stand_in": rates.stand_in, "handover": rates.handover}, "notice"
        )
        yield Break(
            at_s=rng.uniform(earliest, latest),
            minutes=round(rng.uniform(low, high)),
            late_min=_lateness(rng, rates),
            kind=kind,
            reason=reason,
            destination=destination,
            asks_cover=rng.random() < rates.asks_cover,
        )
    if rng.random() < rates.quick:
        yield Break(
            at_s=rng.uniform(earliest, latest),
            minutes=QUICK_MIN,
            late_min=_lateness(rng, rates),
            kind="quick",
        )
    if rng.random() < rates.silent:
        yield Break(at_s=rng.uniform(earliest, latest), minutes=rng.uniform(6, 18), kind="silent")


def _lateness(rng: Random, rates: Rates) -> float:
    """Minutes after the announced return; most come back a little earlier."""
    return rng.uniform(2, 25) if rng.random() < rates.late_return else -rng.uniform(0.2, 2)


def reaction_s(rng: Random) -> float:
    """Between seeing that somebody waits and pressing the key."""
    return rng.uniform(2, 9)


def open_later(hours: Hours, at_s: float, seconds: float) -> float:
    """The time of day after `seconds` of open time: nobody loses patience during lunch."""
    for start, until in hours:
        if until <= at_s:
            continue
        at_s = max(at_s, start)
        if at_s + seconds <= until:
            return at_s + seconds
        seconds -= until - at_s
        at_s = until
    return at_s + seconds
