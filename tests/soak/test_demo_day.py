"""A whole simulated day of the county hall, as fast as the demonstration goes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hall_app.check import check_directory
from hall_app.demo.run import demonstration
from hall_app.demo.summary import Summary
from tests.support import HALL, eventually

SPEED = 600.0
LONGEST_S = 120.0  # real; the day takes about one minute


async def test_a_day_of_the_county_hall_ends_with_everybody_served(tmp_path: Path) -> None:
    async with demonstration(0, tmp_path, True, SPEED, [HALL]) as running:
        crowd = running.simulation
        assert crowd is not None
        summary = Summary(crowd, lambda line: None, in_place=False)
        days: list[tuple[dict[str, int], str, list[str]]] = []

        def day_ended() -> None:
            state = running.kernel.hall(HALL).committed["queue"]
            left = [t.number for t in state.tickets.values() if t.is_open and not t.parked]
            left += [f"window {n}" for n, post in state.posts.items() if post.state != "closed"]
            days.append((dict(crowd.floors[0].counts), summary.day(), left))

        crowd.on_day_end = day_ended
        people = asyncio.create_task(crowd.run())
        try:
            await eventually(lambda: days or people.done(), LONGEST_S)
            # The next morning begins by itself.
            await eventually(lambda: crowd.pace.now().strftime("%a") == "Wed")
            await eventually(lambda: crowd.floors[0].counts["ticket_issued"] > 0)
        finally:
            people.cancel()
            (fault,) = await asyncio.gather(people, return_exceptions=True)
        assert isinstance(fault, asyncio.CancelledError)
        counts, line, left = days[0]
        print(f"\n{line}\n{crowd.wire.declined}")

        assert left == [], "not closed, or not sent home"
        issued = counts["ticket_issued"]
        assert 300 <= issued <= 600
        ended = counts["service_finished"] - counts.get("went_on", 0) - counts.get("step_undone", 0)
        assert ended >= 0.9 * issued
        for habit in (
            "ticket_recalled", "ticket_no_show", "ticket_transferred", "ticket_held",
            "absence_posted", "absence_cleared", "window_handed_over", "clerk_signed_in",
            "alert_raised", "ticket_exchanged", "ticket_verified",
        ):  # fmt: skip
            assert counts.get(habit, 0) > 0, f"nobody ever: {habit}"
        assert crowd.faults == 0
        odd = {k: n for k, n in crowd.wire.declined.items() if not k.startswith(("409 ", "404 "))}
        assert odd == {}
    assert check_directory(tmp_path) == []
