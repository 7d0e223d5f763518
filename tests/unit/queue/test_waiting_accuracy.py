"""How often the waiting times are right: seeded days, played out."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

import pytest

from hall_queue.domain import durations, order
from hall_queue.domain.simulation import CALL_S
from hall_queue.domain.state import Ticket
from tests.unit.queue.waiting_scene import ALWAYS, NINE, Scene


def _play(scene: Scene, draw: Callable[[Ticket], float]) -> dict[str, float]:
    """One real morning: minutes until each ticket is called, with services as drawn."""
    state = scene.state
    free = [(0.0, number) for number in state.posts]
    called: dict[str, float] = {}
    while free:
        minute, number = free[0]
        found = order.next_ticket(state, number)
        if found is None:
            heapq.heappop(free)
            continue
        called[found[0].ticket_id] = minute
        order.count_call(state.posts[number], order.take_out(state, found[0]))
        heapq.heapreplace(free, (minute + CALL_S / 60 + draw(found[0]), number))
    return called


def _hits(runs: int, measured: bool) -> tuple[float, float]:
    """Share of starts within [low, high], and the mean error of likely relative to the mean."""
    inside = count = 0
    error = total = 0.0
    for seed in range(runs):
        rng = random.Random(seed)
        scene = Scene(ALWAYS, H=8, S=12, M=6)
        true = {"H": 8.0, "S": 12.0, "M": 6.0}
        if measured:  # the configured minutes are wrong, and durations are lopsided
            true = {prefix: minutes * rng.uniform(0.6, 1.6) for prefix, minutes in true.items()}

        def draw(
            ticket: Ticket,
            rng: random.Random = rng,
            true: dict[str, float] = true,
        ) -> float:
            mean = true[ticket.queue]
            if measured:
                return rng.lognormvariate(0, 0.5) * mean / 1.1331
            return rng.gammavariate(8.16, mean / 8.16)  # 35 % of spread

        for number, queues in enumerate(("H", "H", "HS2", "S", "S", "SM", "M", "M"), start=1):
            scene.window(number, *[q for q in (queues[:1], queues[1:]) if q])
        for _ in range(50):
            scene.wait(rng.choice("HSM"), "green" if rng.random() < 0.1 else "normal")
        if measured:
            for ticket in scene.state.tickets.values():
                for _ in range(4):
                    durations.record_duration(
                        scene.state, ticket.service, ticket.queue, NINE.hour, draw(ticket), 1
                    )
        forecast = scene.forecast()
        for ticket_id, minute in _play(scene, draw).items():
            wait = forecast.tickets[ticket_id]
            if wait.high == 0:
                continue  # called at once: no forecast needed
            count += 1
            inside += wait.low <= minute <= wait.high
            error += wait.likely - minute
            total += minute
    return inside / count, error / total


@pytest.mark.parametrize("measured", [False, True])
def test_most_starts_lie_within_the_range_and_likely_is_hardly_biased(measured: bool) -> None:
    share, bias = _hits(60, measured)
    assert share >= 0.70, f"{share:.0%}"
    assert abs(bias) < 0.06, f"{bias:+.1%}"
