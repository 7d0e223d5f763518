"""Opening the database, and reading it beside the writer.

SQLite runs in WAL mode with `synchronous=FULL`: a commit is on disk when it returns. Reads use
connections of their own in a small thread pool and see committed rows only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from hall_core.errors import cannot_store

T = TypeVar("T")


def _sqlite_pragmas(connection: Any, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=5000",  # ms; `hall token create` may write beside a running server
        "temp_store=MEMORY",
        "journal_size_limit=67108864",  # bytes the WAL keeps on disk after a checkpoint
    ):
        try:
            cursor.execute(f"PRAGMA {pragma}")
        except Exception:  # a read-only database cannot change its journal mode
            if not pragma.startswith("journal_mode"):
                raise
    cursor.close()


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`."""
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_pragmas)
    return engine


class Store:
    """The database as readers see it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.lost = False  # SQLite would make a new file where the database was
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="read")

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on a read connection in the pool, off the event loop.

        Raises:
            Unavailable: the database's file is not at its place.
        """
        if self.lost:
            raise cannot_store()
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.read_now, query)

    def read_now(self, query: Callable[[Connection], T]) -> T:
        """The same on the calling thread (start-up and the command line)."""
        with self.engine.connect() as connection:
            return query(connection)

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self.engine.dispose()
