"""Agents with real parts beside a real server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hall_core.agent import Part, runner
from hall_core.agent.runner import Agent
from tests.support import HALL, HallServer, eventually, hall_server


@pytest.fixture(autouse=True)
def soon_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real agents wait longer before they believe that a device is well again."""
    monkeypatch.setattr(runner, "WELL_S", 0.05)


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path / "hall") as server:
        yield server


@contextlib.asynccontextmanager
async def running(
    server: HallServer, folder: Path, *parts: Part, window: int | None = None
) -> AsyncIterator[Agent]:
    """An agent with these parts, connected. Its device is named agent or agent-N."""
    token = await server.token("agent", HALL, window)
    token_file = _folder_with(folder, token)
    agent = Agent(server.base, token_file, folder, parts)
    task = asyncio.create_task(agent.run())
    try:
        await eventually(agent.connected.is_set)
        yield agent
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _folder_with(folder: Path, token: str) -> Path:
    folder.mkdir(exist_ok=True)
    token_file = folder / "agent.token"
    token_file.write_text(token)
    return token_file


def faults_of(server: HallServer, agent: str = "agent") -> dict[str, str]:
    """What is wrong with which part of an agent, as the server knows it."""
    known = server.hall().committed["devices"].faults
    prefix = device_of(server, agent) + "-"
    return {
        where.removeprefix(prefix): fault.fault
        for where, fault in known.items()
        if where.startswith(prefix)
    }


def device_of(server: HallServer, name: str) -> str:
    """The id of the device with this name."""
    devices = server.kernel.access.devices.values()
    return next(device.device_id for device in devices if device.name == name)
