"""When a copy of the database is due, and what is kept of them."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from hall_app import backups
from hall_app.refused import Refused

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC).astimezone()
LOCAL_NOON = NOON.replace(hour=12)


def made_at(folder: Path, *times: datetime) -> None:
    folder.mkdir(exist_ok=True)
    for at in times:
        (folder / at.strftime(backups.NAME)).touch()


@pytest.mark.parametrize(
    ("age", "hour", "is_due"),
    [
        (timedelta(hours=1), 3, False),  # tonight's is there
        (timedelta(hours=20), 3, True),  # the night's turn
        (timedelta(hours=20), 12, False),  # not while people wait
        (timedelta(hours=23, minutes=59), 9, False),
        (timedelta(hours=24), 9, True),  # the machine was off at night
        (timedelta(days=-2), 12, True),  # from the future: the clock was wrong
    ],
)
def test_a_copy_is_due_at_night_or_when_a_day_is_over(
    tmp_path: Path, age: timedelta, hour: int, is_due: bool
) -> None:
    now = LOCAL_NOON.replace(hour=hour)
    made_at(tmp_path, now - age)
    assert backups.due(tmp_path, now) is is_due


def test_without_any_copy_one_is_due(tmp_path: Path) -> None:
    assert backups.due(tmp_path / "none", LOCAL_NOON)
    (tmp_path / "hall-by-hand.sqlite").touch()
    assert backups.due(tmp_path, LOCAL_NOON)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "hall.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE words (word TEXT)")
        connection.execute("INSERT INTO words VALUES ('去向留言')")
        connection.commit()
    return path


def words(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM words")]


def test_the_newest_copies_are_kept(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    times = [LOCAL_NOON + timedelta(days=n) for n in range(5)]
    made = [backups.keep(database, folder, at, kept=3) for at in times]
    assert backups.copies(folder) == made[:1:-1]
    assert words(made[-1]) == ["去向留言"]


def test_a_copy_is_one_file_and_what_is_not_committed_is_not_in_it(
    database: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    with closing(sqlite3.connect(database)) as writing:
        writing.execute("INSERT INTO words VALUES ('在途')")
        backups.copy(database, folder / "one.sqlite")
        writing.commit()
        backups.copy(database, folder / "two.sqlite")
    assert sorted(path.name for path in folder.iterdir()) == ["one.sqlite", "two.sqlite"]
    assert words(folder / "one.sqlite") == ["去向留言"]
    assert words(folder / "two.sqlite") == ["去向留言", "在途"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_what_exists_is_not_overwritten(database: Path) -> None:
    with pytest.raises(Refused, match="exists already"):
        backups.copy(database, database)
    assert words(database) == ["去向留言"]


def test_a_disk_without_room_is_left_alone(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10_000))
    with pytest.raises(Refused, match="MB free"):
        backups.copy(database, tmp_path / "copy.sqlite")
    assert not list(tmp_path.glob("copy*"))


def test_a_stop_leaves_nothing_behind(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "STEP_PAGES", 1)
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(backups.Stopped):
        backups.copy(database, tmp_path / "copy.sqlite", stopping)
    assert not list(tmp_path.glob("copy*"))


def test_a_damaged_database_makes_no_copy(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.executemany("INSERT INTO words VALUES (?)", [("x" * 500,)] * 100)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(database, "r+b") as file:
        file.seek(4096 + 5)
        file.write(b"\xff" * 4000)
    with pytest.raises(Refused, match="hall"):
        backups.copy(database, tmp_path / "copy.sqlite")
    assert not list(tmp_path.glob("copy*"))
