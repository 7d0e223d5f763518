"""Everybody is sent home in the end, also who did not listen the first time."""

from __future__ import annotations

import asyncio

from hall_app.demo.simulation import Crew, clerks_of


async def test_whoever_swallows_a_cancellation_is_asked_again() -> None:
    swallowed = 0

    async def deaf() -> None:
        nonlocal swallowed
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed += 1
        await asyncio.Event().wait()

    crew = Crew()
    task = crew.spawn(deaf())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await crew.dismiss()
    assert task.cancelled()
    assert swallowed == 1
    assert crew.faults == 0


async def test_a_fault_of_one_is_counted_and_the_others_go_on() -> None:
    async def stumble() -> None:
        raise ValueError("a mistake of the simulation")

    crew = Crew()
    other = crew.spawn(asyncio.sleep(3600))
    await asyncio.wait([crew.spawn(stumble())])
    await asyncio.sleep(0)
    assert crew.faults == 1
    assert not other.done()
    await crew.dismiss()


def test_a_window_has_its_own_clerk_and_b_clerks_beside() -> None:
    clerks = [
        {"clerk_no": "003", "title": "窗口人员", "windows": [3]},
        {"clerk_no": "B01", "title": "B岗", "windows": [1, 2, 3]},
    ]
    assert clerks_of(clerks, 3) == ("003", ["B01"])
    assert clerks_of(clerks, 1) == (None, ["B01"])
    assert clerks_of(clerks, 9) == (None, [])
