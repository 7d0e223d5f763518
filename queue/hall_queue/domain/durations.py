"""How long a service takes: measured per item, robust, by hour of day once there is data.

Every finished service leaves one sample of minutes per case under its item and under its queue
("queue:H"); the newest 60 are kept. Hours are UTC hours of the moment it finished: folding an
event knows no time zone, and only "about this time of day" matters.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import median

import msgspec

from hall_queue.domain.state import Durations, QueueState

KEPT = 60
SHORTEST_MIN = 10 / 60  # a slip of the finger, not a service
LONGEST_MIN = 240.0  # forgotten, not served
UNKNOWN_MIN = 10.0  # a queue without items and without samples
CONFIGURED_SPREAD = 0.35  # standard deviation of configured minutes, as a share of them
FEW = 8  # samples, below which only their median is trusted, and no hour of its own
PRIOR_WEIGHT = 5  # the figure before counts as much as this many samples


class Estimate(msgspec.Struct, frozen=True):
    """Minutes of one case: what to expect, how far services differ, how sure the figure is."""

    minutes: float
    spread: float  # standard deviation of one service
    doubt: float  # standard deviation of `minutes` itself
    samples: int = 0


def record_duration(
    state: QueueState, service: str | None, prefix: str, hour: int, minutes: float, cases: int
) -> None:
    """Remember a finished service (applied with `service_finished`)."""
    each = minutes / max(cases, 1)
    if not SHORTEST_MIN <= each <= LONGEST_MIN:
        return
    for key in _keys(service, prefix):
        samples = state.durations.setdefault(key, Durations()).samples
        samples.append((hour, each))
        del samples[:-KEPT]


def forget_duration(
    state: QueueState, service: str | None, prefix: str, minutes: float, cases: int
) -> None:
    """Take back what `record_duration` remembered: the finish was undone."""
    each = minutes / max(cases, 1)
    for key in _keys(service, prefix):
        found = state.durations.get(key)
        if found is None:
            continue
        for index in reversed(range(len(found.samples))):
            if abs(found.samples[index][1] - each) < 0.01:
                del found.samples[index]
                break


def service_estimate(state: QueueState, service: str, hour: int) -> Estimate:
    """Minutes of one case of this item, about this hour."""
    item = state.services.get(service)
    return _measured(state, service, hour, configured(item.minutes if item else UNKNOWN_MIN))


def queue_estimate(state: QueueState, prefix: str, hour: int) -> Estimate:
    """Minutes of one case of an item of this queue that nobody named."""
    items = [item.minutes for item in state.services.values() if item.prefix == prefix]
    return _measured(state, _queue_key(prefix), hour, _mixture(items or [UNKNOWN_MIN]))


def configured(minutes: float) -> Estimate:
    """What is believed before anything was measured."""
    spread = CONFIGURED_SPREAD * minutes
    return Estimate(minutes, spread, spread / 2)


def _queue_key(prefix: str) -> str:
    return f"queue:{prefix}"


def _keys(service: str | None, prefix: str) -> tuple[str, ...]:
    return (_queue_key(prefix),) if service is None else (service, _queue_key(prefix))


def _mixture(items: list[float]) -> Estimate:
    """Configured minutes of a queue whose items differ among themselves, too."""
    mean = sum(items) / len(items)
    variance = sum((CONFIGURED_SPREAD * m) ** 2 + (m - mean) ** 2 for m in items) / len(items)
    return Estimate(mean, math.sqrt(variance), math.sqrt(variance) / 2)


def _measured(state: QueueState, key: str, hour: int, prior: Estimate) -> Estimate:
    durations = state.durations.get(key)
    if durations is None or not durations.samples:
        return prior
    return _weighed(tuple(durations.samples), hour, prior)


@lru_cache(maxsize=1024)
def _weighed(samples: tuple[tuple[int, float], ...], hour: int, prior: Estimate) -> Estimate:
    everything = _blend(prior, [minutes for _, minutes in samples])
    # 23 and 0 are neighbours.
    about_now = [minutes for at, minutes in samples if (at - hour + 1) % 24 <= 2]
    if len(about_now) < FEW or len(about_now) == len(samples):
        return everything
    return _blend(everything, about_now)


def _blend(prior: Estimate, samples: list[float]) -> Estimate:
    n = len(samples)
    weight = n / (n + PRIOR_WEIGHT)
    if n < FEW:
        middle = median(samples)
        minutes, spread = min(max(middle, prior.minutes / 4), prior.minutes * 4), prior.spread
    else:
        minutes, spread = _robust(samples)
    sigma = math.sqrt(weight * spread**2 + (1 - weight) * prior.spread**2)
    return Estimate(
        weight * minutes + (1 - weight) * prior.minutes,
        sigma,
        sigma / math.sqrt(n + PRIOR_WEIGHT - 1),
        n,
    )


def _robust(samples: list[float]) -> tuple[float, float]:
    """Mean and standard deviation that a forgotten window cannot spoil.

    Waiting times add up services, so what is wanted is their mean, which for lopsided durations
    lies above the median. Values beyond Tukey's fences (the quartiles, and one and a half times
    their distance further) count as if they lay on the fence.
    """
    ordered = sorted(samples)
    n = len(ordered)
    low, high = ordered[n // 4], ordered[(3 * n) // 4]
    reach = 1.5 * (high - low)
    floor, ceiling = low - reach, high + reach
    clipped = [min(max(value, floor), ceiling) for value in ordered]
    mean = sum(clipped) / n
    return mean, math.sqrt(sum((value - mean) ** 2 for value in clipped) / (n - 1))
