"""`hall demo`: people come, are called and served; its folder, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from hall_app.check import check_directory
from hall_app.demo import folder
from hall_app.demo.floor import Floor
from hall_app.demo.run import Demonstration, demonstration
from hall_app.demo.simulation import Simulation
from hall_app.demo.summary import Summary
from hall_app.refused import Refused
from hall_core.http import DEVICE_COOKIE
from tests.support import HALL, HALL_COMMAND, browsing, eventually, installation, run_hall

FAST = 300.0  # simulated seconds per second: half an hour in six


@contextlib.asynccontextmanager
async def people(running: Demonstration) -> AsyncIterator[Simulation]:
    """Let them in for a while."""
    assert running.simulation is not None
    task = asyncio.create_task(running.simulation.run())
    try:
        yield running.simulation
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def listing(path: Path) -> list[Path]:
    return sorted(path.rglob("*"))


# --- people ------------------------------------------------------------------------------------


async def test_people_come_and_are_served_and_a_stopped_day_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    async with demonstration(0, data, True, FAST, [HALL]) as running, people(running) as crowd:
        (floor,) = crowd.floors
        assert crowd.pace.now().strftime("%A %H:%M") == "Tuesday 08:20"
        summary = Summary(crowd, lambda line: None, in_place=False)
        await steps_back(running, floor)
        await eventually(lambda: floor.counts["service_finished"] >= 3, 40)
        assert floor.counts["ticket_issued"] >= 5
        assert floor.counts["ticket_called"] >= 3
        assert floor.counts["window_opened"] >= 25
        assert floor.latencies_s, "no screen saw a call"
        alerts = running.kernel.hall(HALL).committed["alerts"].alerts.values()
        assert ("case_overdue", "supervision") in {(a.kind, a.level) for a in alerts}
        table = "\n".join(summary.lines())
        assert "Qinghe County" in table
        assert "call→screen" in table
        site = crowd.halls[0].beside
        evaluation = running.kernel.hall(HALL).committed["evaluation"]
        await eventually(lambda: any(one.rated_at for one in evaluation.requests.values()), 40)
        await eventually(lambda: evaluation.cases, 40)
        assert site.printer.paper.cuts >= 1, "no ticket was printed"
        assert {site.agent_id, site.desk_id} <= running.kernel.agents.connections.keys()
        assert {parts.kind for parts in running.kernel.agents.parts(site.desk_id)} == {
            "pad",
            "caller",
        }
        assert all(strip.shown for strip in site.strips.values())
        assert crowd.faults == 0
        unexpected = {k: n for k, n in crowd.wire.declined.items() if not k.startswith("409 ")}
        assert unexpected == {}
        stopped_at = crowd.pace.now()
        issued = running.kernel.hall(HALL).committed["queue"].numbers.keys()
        devices = len(running.kernel.access.devices)
    assert check_directory(data) == []

    async with demonstration(0, data, True, FAST, [HALL]) as running, people(running) as crowd:
        (floor,) = crowd.floors
        assert abs(crowd.pace.now() - stopped_at) < timedelta(minutes=20)
        state = running.kernel.hall(HALL).committed["queue"]
        assert state.numbers.keys() >= issued
        assert not running.kernel.hall(HALL).committed["day"].doubted
        assert len(running.kernel.access.devices) == devices, "devices were made twice"
        await eventually(lambda: floor.counts["service_finished"] >= 3, 40)
        assert floor.counts["ticket_issued"] >= 1
        assert crowd.faults == 0
    assert check_directory(data) == []


async def steps_back(running: Demonstration, floor: Floor) -> None:
    """A window's clerk leaves it to whoever sits at its counter page, and comes back."""
    await floor.ready.wait()
    async with browsing(running.url) as browser:
        await browser.get(f"/demo/open?kind=counter&hall={HALL}&window=1&to=/healthz")
        device = next(c.key for c in browser.cookie_jar if c.key.startswith(DEVICE_COOKIE))
        query = f"?device={device.removeprefix(DEVICE_COOKIE)}"
        async with browser.ws_connect(f"/api/v1/halls/{HALL}/stream{query}") as page:
            await page.send_json({"type": "hello", "token": None, "after": None})
            await page.receive()
            assert floor.taken(1)
            assert not floor.taken(2)
            await eventually(lambda: floor.in_state("closed") <= 2, 40)
            assert floor.windows[1]["state"] == "closed"
        await eventually(lambda: floor.windows[1]["state"] != "closed")


# --- the folder --------------------------------------------------------------------------------


async def test_what_is_no_demonstration_is_left_alone(tmp_path: Path) -> None:
    installation(tmp_path / "real", demo=False)
    before = listing(tmp_path)
    with pytest.raises(Refused, match="no demonstration"):
        await folder.prepare(tmp_path / "real", True)
    assert listing(tmp_path) == before


async def test_a_folder_stays_of_its_kind(tmp_path: Path) -> None:
    await folder.prepare(tmp_path, False)
    with pytest.raises(Refused, match="with --no-simulation"):
        await folder.prepare(tmp_path, True)
    assert (tmp_path / folder.FILE).stat().st_mode & 0o077 == 0, "others may read its passwords"
    (tmp_path / folder.FILE).write_text("{")
    with pytest.raises(Refused, match=r"demo\.json"):
        await folder.prepare(tmp_path, False)


# --- the command -------------------------------------------------------------------------------


def test_a_taken_port_is_one_line_and_makes_nothing(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_hall("demo", "--port", str(port), "--data", tmp_path / "demo")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert str(port) in done.stderr
    assert not (tmp_path / "demo").exists()


def test_it_stops_cleanly_in_the_middle_and_leaves_no_folder(tmp_path: Path) -> None:
    """As systemd stops it; Ctrl-C is pressed by scripts/smoke-demo."""
    process = subprocess.Popen(
        [*HALL_COMMAND, "demo", "--port", "0", "--speed", "120"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": os.fspath(tmp_path)},
    )
    patience = threading.Timer(60, process.kill)
    patience.start()
    lines = []
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            lines.append(line)
            if line.startswith("all halls"):  # the first table is complete
                process.send_signal(signal.SIGTERM)
        complaint = process.stderr.read()
        code = process.wait()
    patience.cancel()
    assert (code, complaint) == (0, "")
    assert lines[-1] == "stopped\n"
    assert "tickets" in lines[-2]
    assert list(tmp_path.iterdir()) == []
