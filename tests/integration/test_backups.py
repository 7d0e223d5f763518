"""Copies of the database beside a running server, and what becomes of them."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from hall_app import backups, cli, server, settings
from hall_app.check import check_directory
from hall_app.upkeep import Upkeep
from hall_core.clock import SystemClock
from tests.support import HALL, HallServer, hall_server, installation, run_hall


async def test_a_copy_made_while_tickets_are_taken_serves_in_its_place(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    async with hall_server(first) as served:
        kiosk = await served.client("kiosk")
        before = await kiosk.take()
        made = run_hall("backup", first)
        assert made.returncode == 0, made.stderr
        copy = Path(made.stdout.strip())
        assert copy.parent == first.resolve() / "backups"
        after = await kiosk.take()
        ahead = served.hall().hub.version + 100
    # The machine died; what the copy does not have is lost, and nothing else.
    installation(second)
    shutil.copyfile(first / "secret.key", second / "secret.key")
    shutil.copyfile(copy, second / "hall.sqlite")
    assert check_directory(second) == []
    async with hall_server(second) as served:
        guide = await served.client("guide")
        assert (await guide.get(f"/tickets/{before['ticket_id']}")).body["state"] == "waiting"
        assert (await guide.get(f"/tickets/{after['ticket_id']}")).status == 404
        # A screen that knows more than the copy does starts again from what is true now.
        async with served.stream(after=ahead) as screen:
            assert screen.frames[0]["type"] == "snapshot"


@pytest.mark.parametrize("file", ["there.sqlite", "no/such/folder/copy.sqlite"])
def test_what_can_not_be_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    installation(tmp_path, demo=False)
    (tmp_path / "there.sqlite").touch()
    assert cli.main(["backup", str(tmp_path), str(tmp_path / file)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1


def test_another_engine_has_its_own_tools(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hall.toml").write_text('database = "postgresql+psycopg://hall@localhost/hall"\n')
    assert cli.main(["backup", str(tmp_path)]) == 2
    assert "pg_dump" in capsys.readouterr().err


def upkeep_of(served: HallServer) -> Upkeep:
    return Upkeep(served.kernel, settings.load(served.directory), served.directory)


async def open_faults(served: HallServer) -> list[str]:
    await served.hall().drain()  # what the machine says, nobody waits for
    manager = await served.client("admin")
    alerts = (await manager.get(f"/halls/{HALL}/alerts")).body
    return [a["detail"] for a in alerts if a["kind"] == "device_fault" and a["state"] == "open"]


async def test_a_day_without_a_copy_is_told_until_there_is_one(tmp_path: Path) -> None:
    async with hall_server(tmp_path) as served:
        upkeep, folder = upkeep_of(served), tmp_path / "backups"
        folder.write_text("no folder")
        await upkeep.look()
        await upkeep.look()
        (told,) = [detail for detail in await open_faults(served) if "备份" in detail]
        assert "服务器" in told
        folder.unlink()
        await upkeep.look()
        assert len(backups.copies(folder)) == 1
        assert [detail for detail in await open_faults(served) if "备份" in detail] == []
        await upkeep.look()
        assert len(backups.copies(folder)) == 1, "one a day is enough"


async def test_a_disk_that_fills_is_told_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hall_server(tmp_path) as served:
        upkeep = upkeep_of(served)
        monkeypatch.setattr("hall_app.upkeep.DISK_LOW", 2**62)
        await upkeep.look()
        assert any("磁盘空间" in detail for detail in await open_faults(served))
        monkeypatch.setattr("hall_app.upkeep.DISK_LOW", 0)
        await upkeep.look()
        assert not any("磁盘空间" in detail for detail in await open_faults(served))


async def test_a_new_release_keeps_what_the_last_one_left(tmp_path: Path) -> None:
    installation(tmp_path, demo=False)
    with closing(sqlite3.connect(tmp_path / "hall.sqlite")) as database:
        database.execute("UPDATE alembic_version SET version_num = '0012'")
        database.commit()
    with pytest.raises(DBAPIError):  # it is not what the migration expects
        await server.open_kernel(tmp_path, settings.load(tmp_path), SystemClock())
    (copy,) = backups.copies(tmp_path / "backups")
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == ("0012",)
