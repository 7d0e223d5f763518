"""`hall agent` as people run it, and the page it serves to a kiosk."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from hall_app.cli import main
from hall_core.agent.runner import Agent
from hall_core.credentials import DeviceKind
from hall_queue import start_page
from hall_queue.printing.simulator import PrinterSimulator
from hall_queue.start_page import StartPage, StartPageConfig
from tests.support import HALL_COMMAND, HallServer, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path_factory.mktemp("hall")) as server:
        yield server


@contextlib.asynccontextmanager
async def command(*arguments: str | Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`hall …`; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *HALL_COMMAND, *(os.fspath(one) for one in arguments),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ended(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output and errors of a command that ends by itself."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = await asyncio.to_thread(main, [os.fspath(one) for one in arguments])
    return code, out.getvalue(), err.getvalue()


async def code_for(server: HallServer, kind: DeviceKind) -> str:
    return await server.pairing_code(kind, "东侧电脑")


async def test_an_agent_is_paired_once_and_runs_until_it_is_told_to_stop(
    server: HallServer, tmp_path: Path
) -> None:
    config = tmp_path / "agent.toml"
    code = await code_for(server, "agent")
    pair = ("agent", "pair", "--config", config)
    exit_code, out, _ = await ended(*pair, "--server", server.base, "--code", code)
    assert exit_code == 0
    token = tmp_path / "agent.token"
    assert str(token) in out
    assert token.read_text().strip() not in out
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert server.base in config.read_text(encoding="utf-8")
    exit_code, _, err = await ended(*pair, "--code", code)  # used up; the config knows the server
    assert (exit_code, err.count("\n")) == (2, 1)

    simulator = PrinterSimulator()
    await simulator.start()
    with config.open("a", encoding="utf-8") as file:
        file.write(f'\n[parts.printer]\naddress = "{simulator.address}"\n')
    agents = server.kernel.agents
    async with command("agent", "printer", "--config", config) as process:
        await eventually(lambda: simulator.connections and agents.connections)
        [device] = agents.connections
        assert agents.connections[device].parts[0].kind == "printer"
        process.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(process.communicate(), 10)
        assert process.returncode == 0, said.decode()
        assert b"agent_stopped" in said
    await eventually(lambda: not agents.connections)
    await simulator.stop()


async def test_a_server_that_is_away_is_said_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        config = tmp_path / "agent.toml"
        config.write_text(
            f'server = "http://127.0.0.1:{port}"\n[parts.printer]\naddress = "/dev/none"\n'
        )
        (tmp_path / "agent.token").write_text("x")
        async with command("agent", "--config", config) as process:
            assert process.stderr is not None
            lines = [await asyncio.wait_for(process.stderr.readline(), 20) for _ in range(3)]
            process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.wait(), 10)
            lines.append(await process.stderr.read())
    assert b"".join(lines).count(b"server_unreachable") == 1
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["agent", "--config", "{tmp}/none.toml"], "pair"),
        (["agent", "--config", "{tmp}/bad.toml"], "adress"),
        (["agent", "strip", "--config", "{tmp}/good.toml"], "strip"),
        (["agent", "pair", "--config", "{tmp}/none.toml", "--code", "ABCD-2345"], "--server"),
        (["agent", "pair", "--config", "{tmp}/good.toml"], "--code"),
        (["agent", "pair", "--config", "{tmp}/good.toml", "--code", "ABCD-2345"], "reached"),
        (["agent", "--config", "{tmp}/good.toml", "--code", "ABCD-2345"], "--code"),
    ],
)
async def test_what_is_wrong_is_one_line_and_exit_2(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    good = 'server = "http://127.0.0.1:9"\n[parts.printer]\naddress = "tcp://127.0.0.1:9"\n'
    (tmp_path / "good.toml").write_text(good)
    (tmp_path / "bad.toml").write_text(good.replace("address", "adress"))
    code, out, err = await ended(*(one.replace("{tmp}", str(tmp_path)) for one in arguments))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


async def test_a_code_for_something_else_is_refused(server: HallServer, tmp_path: Path) -> None:
    code = await code_for(server, "kiosk")
    config = tmp_path / "agent.toml"
    exit_code, _, err = await ended(
        "agent", "pair", "--config", config, "--server", server.base, "--code", code
    )
    assert exit_code == 2
    assert "kiosk" in err
    assert not (tmp_path / "agent.token").exists()


async def test_a_kiosk_starts_without_the_server_and_finds_it(
    server: HallServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_page, "LOOK_S", 0.02)
    with socket.create_server(("127.0.0.1", 0)) as taken:  # another program, for a while
        port = taken.getsockname()[1]
        part = StartPage("kiosk", StartPageConfig(port=port))
        agent = Agent("http://127.0.0.1:9", tmp_path / "none", tmp_path, [part])
        task = asyncio.create_task(agent.run())
        await eventually(lambda: agent._links["kiosk"].fault == "bad_setting")
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as http:

            async def state() -> dict[str, object]:
                with contextlib.suppress(aiohttp.ClientConnectionError):
                    async with http.get(f"{url}/state") as response:
                        told: dict[str, object] = await response.json()
                        return told
                return {}

            async def until(trouble: str) -> dict[str, object]:
                for _ in range(1000):
                    told = await state()
                    if told.get("trouble") == trouble:
                        return told
                    await asyncio.sleep(0.01)
                raise AssertionError(told)

            told = await until("server")
            assert told["go"] is None
            for path in ("/", "/start.js", "/start.texts.js", "/start.css", "/base.css"):
                async with http.get(url + path) as response:
                    assert response.status == 200
            part._server = server.base  # as if the server came up at this address
            told = await until("")
            assert (told["go"], told["clock_off_s"]) == (f"{server.base}/kiosk", 0)
            part._server = url  # something else that answers
            assert (await until("other"))["go"] is None
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_clock_that_is_wrong_is_noticed() -> None:
    date = "Mon, 23 Nov 2026 01:00:00 GMT"
    right = 1795395600.0
    assert start_page._clock_off(date, right + 60) == 0
    assert start_page._clock_off(date, right + 600) == 600
    assert start_page._clock_off(date, right - 3600) == -3600
    assert start_page._clock_off("nonsense", right) == 0


async def test_a_server_on_this_pc_needs_no_cable() -> None:
    assert start_page._has_network("127.0.0.1")
