"""Ready after start with 1,000,000 historical tickets, against an empty database."""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from hall_app.bench import servers
from hall_app.bench.result import Result

TICKETS = 1_000_000
DAYS = 1000
ROUNDS = 3
DAY_MS = 86_400_000


def _fill(directory: Path) -> None:
    """Years of history: tickets and their events, before the events that are there."""
    connection = sqlite3.connect(directory / "hall.sqlite")
    connection.execute("PRAGMA synchronous=OFF")
    hall = servers.HALL
    kept = connection.execute(
        "SELECT at_ms, type, actor, data FROM journal WHERE hall_id=? ORDER BY version", (hall,)
    ).fetchall()
    state = connection.execute(
        "SELECT day, state FROM openings WHERE hall_id=? ORDER BY version DESC LIMIT 1", (hall,)
    ).fetchone()
    connection.execute("DELETE FROM journal WHERE hall_id=?", (hall,))
    connection.execute("DELETE FROM openings WHERE hall_id=?", (hall,))
    first_ms = kept[0][0] - (DAYS + 1) * DAY_MS
    per_day = TICKETS // DAYS

    def tickets() -> Iterator[tuple[object, ...]]:
        for n in range(TICKETS):
            day, serial = divmod(n, per_day)
            at = first_ms + day * DAY_MS + serial * 20_000
            yield (f"{n:016x}", hall, f"past-{day:04d}", "H", f"H{serial:03d}", "id_card",
                   "finished", "kiosk", "normal", 1, 1 + n % 30, "001", at, at + 600_000,
                   at + 630_000, at + 1_100_000, 0.0, 1, 0, n * 4 + 4)  # fmt: skip

    def events() -> Iterator[tuple[object, ...]]:
        version = 0
        for n in range(TICKETS):
            day, serial = divmod(n, per_day)
            at = first_ms + day * DAY_MS + serial * 20_000
            about = f'"ticket_id":"{n:016x}","number":"H{serial:03d}","queue":"H"'
            for type_, data in (
                ("ticket_issued", f'{{{about},"day":"past-{day:04d}","service":"id_card"}}'),
                ("ticket_called", f'{{{about},"window":{1 + n % 30},"call_count":1}}'),
                ("service_started", f'{{{about},"window":{1 + n % 30},"clerk":"001"}}'),
                ("service_finished", f'{{{about},"window":{1 + n % 30},"clerk":"001"}}'),
            ):
                version += 1
                yield (hall, version, at, type_, "kiosk:1", data)
        for at, type_, actor, data in kept:
            version += 1
            yield (hall, version, at, type_, actor, data)

    connection.executemany(f"INSERT INTO tickets VALUES ({','.join('?' * 20)})", tickets())
    connection.executemany("INSERT INTO journal VALUES (?,?,?,?,?,?)", events())
    opened = TICKETS * 4
    empty = state[1].encode().decode()
    connection.execute("INSERT INTO openings VALUES (?,?,?,?)", (hall, opened, state[0], empty))
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _ready_s(directory: Path) -> float:
    """Seconds from starting the process until /readyz says yes."""
    port = 18_700
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "hall_app.cli", "serve", str(directory), "--port", str(port)],
        stdout=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - started < 60:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return time.perf_counter() - started
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.005)
        raise RuntimeError("the server did not become ready within 60 s")
    finally:
        process.terminate()
        process.wait()


def run() -> Iterator[Result]:
    with servers.installation() as empty, servers.installation() as full:
        _ready_s(empty)
        _ready_s(full)
        _fill(full)
        floors: list[float] = []
        ours: list[float] = []
        for _ in range(ROUNDS):
            floors.append(_ready_s(empty))
            ours.append(_ready_s(full))
    value, floor = statistics.median(ours), statistics.median(floors)
    ratio = value / floor
    yield Result("start", value, "s", floor, ratio, "<= 2x floor", ratio <= 2)
