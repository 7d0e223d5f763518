"""The product and the floors as processes of their own, on loopback."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HALL = "qinghe"


@contextlib.contextmanager
def spawned(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A Python module as a process; gives it and the last word of the first line it says."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline().split()
        if not first:
            raise RuntimeError(f"{arguments[0]} did not start")
        yield process, first[-1]
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


@contextlib.contextmanager
def installation() -> Iterator[Path]:
    """A fresh demonstration city that is always open."""
    with tempfile.TemporaryDirectory(prefix="hall-bench-") as folder:
        directory = Path(folder) / "hall"
        run("init", str(directory), "--demo", "--always-open")
        yield directory


def run(*arguments: str) -> str:
    """One `hall` command; gives what it printed."""
    command = [sys.executable, "-m", "hall_app.cli", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def token(directory: Path, kind: str) -> str:
    """A token for HALL; an administrator's is for the whole city, whose platforms they set up."""
    place = () if kind == "admin" else ("--hall", HALL)
    return run("token", "create", str(directory), "--kind", kind, *place)


@contextlib.contextmanager
def product(directory: Path) -> Iterator[int]:
    """The product serving `directory`; gives its port."""
    with spawned("hall_app.cli", "serve", str(directory), "--port", "0") as (_, url):
        yield int(url.rsplit(":", 1)[1])


@contextlib.contextmanager
def floor(kind: str) -> Iterator[int]:
    """A floor server (see floor.py); gives its port."""
    with (
        tempfile.TemporaryDirectory(prefix="hall-floor-") as folder,
        spawned("hall_app.bench.floor", kind, str(Path(folder) / "floor.sqlite")) as (_, port),
    ):
        yield int(port)
