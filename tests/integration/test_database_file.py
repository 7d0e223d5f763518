"""A database whose file somebody moves away while it is served."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hall_app import database_file
from hall_app.check import check_directory
from tests.integration.people import sign_in
from tests.support import HALL, HallServer, eventually, hall_server

Captured = pytest.CaptureFixture[str]


@pytest_asyncio.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HallServer]:
    monkeypatch.setattr(database_file, "LOOK_S", 0.02)
    async with hall_server(tmp_path) as server:
        await server.token("kiosk")  # while one can be made
        yield server


async def noticed(server: HallServer) -> None:
    await eventually(lambda: server.kernel.writer.lost)


async def nothing_is_stored(server: HallServer) -> None:
    kiosk, nobody = await server.client("kiosk"), await server.client(None)
    for _ in range(3):
        answer = await kiosk.post(f"/halls/{HALL}/tickets", {"queue": "H"})
        assert (answer.status, answer.code) == (503, "cannot_store")
    assert (await sign_in(server, "admin", "wrong password")).code == "cannot_store"
    assert (await kiosk.get(f"/halls/{HALL}/events")).code == "cannot_store"
    assert (await kiosk.get(f"/halls/{HALL}/snapshot")).status == 200
    state = await nobody.get("/readyz")
    assert (state.status, state.body["status"]) == (503, "cannot store")
    assert set(state.body["halls"]) == set(server.kernel.halls)
    assert (await nobody.get("/healthz")).status == 200


async def test_without_its_file_nothing_is_acknowledged_until_it_is_back(
    server: HallServer, tmp_path: Path, capfd: Captured
) -> None:
    kiosk, nobody = await server.client("kiosk"), await server.client(None)
    first = await kiosk.take()
    file, away = tmp_path / "hall.sqlite", tmp_path / "away"
    file.rename(away)
    await noticed(server)
    await nothing_is_stored(server)
    assert not file.exists(), "SQLite would make a new one"
    away.rename(file)
    await eventually(lambda: not any(hall.suspended for hall in server.kernel.halls.values()))
    assert (await nobody.get("/readyz")).status == 200
    second = await kiosk.take()
    assert int(second["number"][1:]) == int(first["number"][1:]) + 1
    assert check_directory(tmp_path) == []
    told = "".join(capfd.readouterr())
    assert told.count("database_gone") == 1
    assert "commit_failed" not in told


async def test_a_copy_in_its_place_is_another_file(server: HallServer, tmp_path: Path) -> None:
    file = tmp_path / "hall.sqlite"
    shutil.copyfile(file, tmp_path / "copy")
    (tmp_path / "copy").replace(file)
    await noticed(server)
    await nothing_is_stored(server)
