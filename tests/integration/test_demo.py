"""`hall demo`: people come, are called and served; its folder, its links, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from hall_app.check import check_directory
from hall_app.cli import Refused
from hall_app.demo import folder
from hall_app.demo.run import Demonstration, demonstration, introduction
from hall_app.demo.simulation import Simulation
from hall_app.demo.summary import Summary
from hall_core.http import DEVICE_COOKIE, SESSION_COOKIE
from tests.support import HALL, HALL_COMMAND, eventually, run_hall

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


@contextlib.asynccontextmanager
async def quiet(data: Path, simulation: bool = False) -> AsyncIterator[Demonstration]:
    """A demonstration in which nobody comes."""
    async with demonstration(0, data, simulation, 10, [HALL]) as running:
        yield running


def browsing(url: str) -> aiohttp.ClientSession:
    """A browser: it keeps cookies, also of an address without a name."""
    return aiohttp.ClientSession(url, cookie_jar=aiohttp.CookieJar(unsafe=True))


def listing(path: Path) -> list[Path]:
    return sorted(path.rglob("*"))


# --- people ------------------------------------------------------------------------------------


async def test_people_come_and_are_served_and_a_stopped_day_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    async with demonstration(0, data, True, FAST, [HALL]) as running, people(running) as crowd:
        (floor,) = crowd.floors
        assert crowd.pace.now().strftime("%A %H:%M") == "Tuesday 08:20"
        summary = Summary(crowd, lambda line: None, in_place=False)
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


async def test_a_clerk_steps_back_while_somebody_sits_at_the_counter(tmp_path: Path) -> None:
    async with demonstration(0, tmp_path, True, FAST, [HALL]) as running, people(running) as crowd:
        (floor,) = crowd.floors
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
    assert run_hall("init", tmp_path / "real").returncode == 0
    before = listing(tmp_path)
    with pytest.raises(Refused, match="no demonstration"):
        await folder.prepare(tmp_path / "real", True)
    assert listing(tmp_path) == before


async def test_a_folder_stays_of_its_kind(tmp_path: Path) -> None:
    async with quiet(tmp_path):
        pass
    with pytest.raises(Refused, match="with --no-simulation"):
        await folder.prepare(tmp_path, True)
    assert (tmp_path / folder.FILE).stat().st_mode & 0o077 == 0, "others may read its passwords"
    (tmp_path / folder.FILE).write_text("{")
    with pytest.raises(Refused, match=r"demo\.json"):
        await folder.prepare(tmp_path, False)


async def test_without_simulation_it_is_open_now_and_keeps_real_time(tmp_path: Path) -> None:
    async with quiet(tmp_path) as running, browsing(running.url) as browser:
        assert running.simulation is None
        now = datetime.now().astimezone()
        assert abs(running.kernel.clock.now() - now) < timedelta(seconds=5)
        await browser.get(f"/demo/open?kind=kiosk&hall={HALL}&to=/healthz")
        answer = await browser.post(
            f"/api/v1/halls/{HALL}/tickets", json={"queue": "H"}, headers={"Idempotency-Key": "1"}
        )
        assert answer.status == 201, await answer.text()


async def test_sign_ins_that_are_printed_work(tmp_path: Path) -> None:
    async with quiet(tmp_path) as running, browsing(running.url) as browser:
        printed = "\n".join(introduction(running, 60))
        for name in ("admin", "city", "county", "township", "village"):
            (line,) = (x for x in printed.splitlines() if f"name {name} " in x)
            password = line.split("password ")[1].split()[0]
            body = {"name": name, "password": password}
            answer = await browser.post("/api/v1/session", json=body)
            assert answer.status == 200, await answer.text()
            halls = await (await browser.get("/api/v1/halls")).json()
            expected = {"admin": 7, "city": 7, "county": 3, "township": 2, "village": 1}[name]
            assert len(halls) == expected, name


# --- links -------------------------------------------------------------------------------------


async def test_every_link_leads_to_a_page_that_is_let_in(tmp_path: Path) -> None:
    async with quiet(tmp_path) as running:
        async with browsing(running.url) as browser:
            links = await (await browser.get("/demo/links")).json()
        keys = ("group", "group_en", "href", "title", "title_en")
        assert {tuple(sorted(link)) for link in links} == {keys}
        assert len({link["group"] for link in links}) == 8, "seven halls, and supervision"
        ours = [x for x in links if "qinghe" in x["href"] or "hall=" not in x["href"]]
        kinds = set()
        for link in ours:
            async with browsing(running.url) as browser:
                answer = await browser.get(link["href"], allow_redirects=False)
                if "kind=phone" in link["href"]:
                    assert answer.status == 409, "nobody waits yet"
                    continue
                if "kind=rating" in link["href"]:
                    assert answer.status == 409, "nobody was served yet"
                    continue
                if link["href"].startswith("/demo/devices"):
                    assert answer.status == 200  # what stands beside the pages
                    continue
                assert answer.status == 302, await answer.text()
                to = answer.headers["Location"]
                query = "?" + to.partition("?")[2]
                me = await (await browser.get(f"/api/v1/me{query}")).json()
                kinds.add(me["kind"])
                if "kind=counter" in link["href"]:
                    assert (me["hall"], f"window={me['window']}") == (
                        "qinghe",
                        link["href"].split("&")[-1],
                    )
        assert kinds == {"kiosk", "guide", "display", "counter", "pad", "user"}


async def test_the_simulated_devices_can_be_touched(tmp_path: Path) -> None:
    async with quiet(tmp_path) as running, browsing(running.url) as browser:
        where = f"/demo/devices?hall={HALL}"
        text = await (await browser.get(where)).text()
        for word in ("号票打印机 Ticket printer · 有纸", "4号窗口", "按键盒", "呼叫器"):
            assert word in text
        answer = await browser.post(f"{where}&device=paper&what=none")
        assert "缺纸" in await answer.text()
        answer = await browser.post(f"{where}&device=paper&what=new")
        assert "有纸" in await answer.text()
        for press in ("device=box&what=nothing", "device=caller&what=open", "device=x&what=new"):
            assert (await browser.post(f"{where}&{press}")).status == 404
        text = await (await browser.get("/demo/devices?hall=luyuan")).text()
        assert "按键盒" not in text
        foreign = {"Host": "rebound.example"}
        assert (
            await browser.post(f"{where}&device=paper&what=none", headers=foreign)
        ).status == 403


async def test_a_browser_that_is_paired_already_is_not_paired_again(tmp_path: Path) -> None:
    async with quiet(tmp_path) as running, browsing(running.url) as browser:
        places = []
        for _ in range(3):
            answer = await browser.get(f"/demo/open?kind=kiosk&hall={HALL}", allow_redirects=False)
            places.append(answer.headers["Location"])
        assert len(set(places)) == 1
        assert places[0].startswith("/kiosk?device=")


async def test_somebody_waits_and_their_phone_page_opens(tmp_path: Path) -> None:
    async with quiet(tmp_path) as running, browsing(running.url) as browser:
        await browser.get(f"/demo/open?kind=kiosk&hall={HALL}&to=/healthz")
        issued = await browser.post(
            f"/api/v1/halls/{HALL}/tickets", json={"queue": "H"}, headers={"Idempotency-Key": "1"}
        )
        token = (await issued.json())["token"]
        answer = await browser.get(f"/demo/open?kind=phone&hall={HALL}", allow_redirects=False)
        assert answer.headers["Location"] == f"/t/{token}"


BAD_LINKS = [
    ("kind=agent", 422),
    ("kind=kiosk&hall=nowhere", 404),
    ("kind=kiosk", 404),
    (f"kind=counter&hall={HALL}", 422),
    (f"kind=counter&hall={HALL}&window=999", 404),
    (f"kind=counter&hall={HALL}&window=x", 404),
    (f"kind=display&hall={HALL}&to=/display/window", 422),
    (f"kind=kiosk&hall={HALL}&to=//evil.example/", 422),
    (f"kind=kiosk&hall={HALL}&to=https://evil.example/", 422),
    ("kind=admin&to=/%5Cevil.example", 422),
]


async def test_bad_links_are_refused_in_words(tmp_path: Path) -> None:
    async with quiet(tmp_path) as running, browsing(running.url) as browser:
        for query, status in BAD_LINKS:
            answer = await browser.get(f"/demo/open?{query}", allow_redirects=False)
            assert answer.status == status, query
            assert answer.content_type == "application/problem+json"
        devices = running.kernel.access.devices.values()
        assert not [device for device in devices if device.name == "演示页面"]


async def test_links_are_for_this_machine_only(tmp_path: Path) -> None:
    async with quiet(tmp_path) as running, browsing(running.url) as browser:
        foreign = {"Host": "rebound.example"}
        for path in ("/demo/links", "/demo/open?kind=admin"):
            answer = await browser.get(path, headers=foreign, allow_redirects=False)
            assert answer.status == 403
            assert SESSION_COOKIE not in answer.cookies


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
        [*HALL_COMMAND, "demo", "--port", "0", "--speed", "300"],
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
