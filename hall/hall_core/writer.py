"""The one writer: a thread that owns the only writing connection and commits in groups.

It takes whatever waits (up to `BATCH` works), commits it as one transaction, and only then are
the works' `done` callbacks run on the event loop, in order, in one hop. There are no savepoints:
when a batch fails it is rolled back and each hall's part is tried alone, whole. A part that fails
again is reported to its works; whatever else was decided on top of it (same hall, same epoch) is
dropped, because it was decided from a state that never came true.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from hall_core.errors import cannot_store
from hall_core.features import Row
from hall_core.tables import INSERT_ONLY

BATCH = 256
SIZES = (64, 32, 16, 8, 4, 2, 1)  # rows of one statement

log = structlog.get_logger()


class Dropped(Exception):
    """The work was decided on a state that failed to commit."""


class Work:
    """One decision on its way to disk. `hall` is "" for what belongs to no hall."""

    __slots__ = ("done", "epoch", "hall", "rows", "statements")

    def __init__(
        self,
        hall: str,
        epoch: int,
        rows: Iterable[Row],
        done: Callable[[Exception | None], None],
        statements: Iterable[tuple[Executable, dict[str, Any]]] = (),
    ) -> None:
        self.hall = hall
        self.epoch = epoch
        self.rows = rows
        self.done = done
        self.statements = statements


class Writer:
    """Owns the writing connection. `submit` may be called from the event loop only."""

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self._engine = engine
        self._loop = loop
        self._queue: queue.SimpleQueue[list[Work] | None] = queue.SimpleQueue()
        self._gathered: list[Work] = []
        self._failed: dict[str, int] = {}  # hall -> newest epoch that failed
        self._sql: dict[tuple[Table, int], str] = {}
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._connection: Connection | None = None
        self._raw: Any = None  # the driver's own, of `_connection`
        self._cursor: Any = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self.lost = False  # the database's file is not at its place: nothing is stored
        self.committed_batches = 0
        self.committed_works = 0
        self.last_commit_s = 0.0

    def start(self) -> None:
        self._thread.start()

    def submit(self, work: Work) -> None:
        # What one turn of the event loop decides goes over together: waking the thread for each
        # alone would have the two take the interpreter's lock from one another all the time.
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append(work)

    def _hand_over(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._queue.put(gathered)

    async def write(
        self,
        rows: Iterable[Row] = (),
        statements: Iterable[tuple[Executable, dict[str, Any]]] = (),
    ) -> None:
        """Commit rows that belong to no hall's state; returns when they are on disk.

        Raises:
            Unavailable: the database refused them.
        """
        if self.lost:
            raise cannot_store()
        future: asyncio.Future[None] = self._loop.create_future()

        def done(error: Exception | None) -> None:
            if not future.done():
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(cannot_store())

        self.submit(Work("", 0, list(rows), done, list(statements)))
        await future

    async def stop(self) -> None:
        """Commit everything that was submitted, then end the thread."""
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    # --- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        ending = False
        while not ending:
            batch: list[Work] = []
            works = self._queue.get()
            while works is not None:
                batch += works
                if len(batch) >= BATCH or self._queue.empty():
                    break
                works = self._queue.get()  # nobody else takes from it
            ending = works is None
            for first in range(0, len(batch), BATCH):
                outcomes = self._commit_batch(batch[first : first + BATCH])
                self._loop.call_soon_threadsafe(_deliver, outcomes)
        if self._connection is not None:
            self._connection.close()

    def _commit_batch(self, batch: list[Work]) -> list[tuple[Work, Exception | None]]:
        outcomes: dict[int, Exception | None] = {}
        current = batch
        if self._failed:
            current = [work for work in batch if not self._is_dropped(work)]
        started = time.perf_counter()
        error = self._try_commit(current) if current else None
        if error is None:
            self.last_commit_s = time.perf_counter() - started
            if current is batch:
                return [(work, None) for work in batch]
        else:
            # Someone in the batch is at fault: each hall's part stands or falls alone. Works
            # without a hall are independent of one another.
            parts: dict[tuple[str, int], list[Work]] = {}
            for index, work in enumerate(current):
                parts.setdefault((work.hall, 0 if work.hall else index), []).append(work)
            for part in parts.values():
                part_error = self._try_commit(part)
                if part_error is not None:
                    if part[0].hall:
                        self._failed[part[0].hall] = max(work.epoch for work in part)
                    log.error("commit_failed", hall=part[0].hall, error=_brief(part_error))
                    outcomes.update((id(work), part_error) for work in part)
        return [
            (work, outcomes.get(id(work), Dropped() if self._is_dropped(work) else None))
            for work in batch
        ]

    def _is_dropped(self, work: Work) -> bool:
        return bool(work.hall) and work.epoch <= self._failed.get(work.hall, -1)

    def _try_commit(self, works: list[Work]) -> Exception | None:
        if self.lost:
            return cannot_store()
        try:
            connection = self._connection or self._connect()
            try:
                self._execute(connection, works)
                self._raw.commit()
            except Exception:
                self._raw.rollback()
                raise
            finally:
                connection.rollback()  # of nothing any more: SQLAlchemy's own book-keeping
        except Exception as error:
            self._replace_broken()
            return error
        self.committed_batches += 1
        self.committed_works += len(works)
        return None

    def _connect(self) -> Connection:
        connection = self._connection = self._engine.connect()
        self._raw = connection.connection.driver_connection
        self._cursor = self._raw.cursor()
        return connection

    def _replace_broken(self) -> None:
        """After a fault: a connection that does not answer any more is left to the pool."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.exec_driver_sql("SELECT 1")
                connection.rollback()
                self._connection = connection
            except Exception:
                connection.invalidate()

    def _execute(self, connection: Connection, works: list[Work]) -> None:
        # Rows of one table go in together, in the order of their events: every state in between
        # is one the hall was really in, so partial unique indexes hold all along. They go to the
        # driver itself, in SQL that SQLAlchemy compiled once: its way of executing costs more
        # than the commit when a single call waits for it.
        grouped: dict[Table, list[tuple[Any, ...]]] = {}
        for work in works:
            for table, values in work.rows:
                grouped.setdefault(table, []).append(values)
        for table, rows in grouped.items():
            if len(rows) == 1:
                self._cursor.execute(self._upsert(table, 1), rows[0])
            elif self._is_sqlite:
                self._insert(table, rows)
            else:
                self._cursor.executemany(self._upsert(table, 1), rows)
        for work in works:
            for statement, parameters in work.statements:
                connection.execute(statement, parameters)

    def _insert(self, table: Table, rows: list[tuple[Any, ...]]) -> None:
        # sqlite3 gives up the GIL at every row of an executemany and has to win it back from a
        # busy event loop. Statements of 64, 32, 16 … rows give it up once.
        start = 0
        for size in SIZES:
            while len(rows) - start >= size:
                chunk = rows[start : start + size]
                values = tuple(chain.from_iterable(chunk))
                self._cursor.execute(self._upsert(table, size), values)
                start += size

    def _upsert(self, table: Table, rows: int) -> str:
        sql = self._sql.get((table, rows))
        if sql is None:
            sql = upsert_sql(table, self._engine.dialect.name, rows)
            self._sql[table, rows] = sql
        return sql


def _brief(error: Exception) -> str:
    """What the database said, without the statement and its values: those may be secret."""
    return str(error.orig) if isinstance(error, DBAPIError) else f"{type(error).__name__}: {error}"


def upsert_sql(table: Table, dialect_name: str, rows: int = 1) -> str:
    """`INSERT … ON CONFLICT (key) DO UPDATE` for `rows` positional rows in column order."""
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    insert = dialect.insert(table)
    if not table.info.get(INSERT_ONLY):
        keys = [column.name for column in table.primary_key]
        changes = {
            column.name: insert.excluded[column.name]
            for column in table.columns
            if column.name not in keys
        }
        insert = insert.on_conflict_do_update(index_elements=keys, set_=changes)
    style = "format" if dialect_name == "postgresql" else "qmark"
    names = [column.name for column in table.columns]
    compiled = insert.values(dict.fromkeys(names)).compile(
        dialect=dialect.dialect(paramstyle=style), column_keys=names
    )
    one = f"({', '.join(['%s' if style == 'format' else '?'] * len(names))})"
    return str(compiled).replace(f"VALUES {one}", f"VALUES {', '.join([one] * rows)}")


def _deliver(outcomes: list[tuple[Work, Exception | None]]) -> None:
    for work, error in outcomes:
        try:
            work.done(error)
        except Exception:
            log.exception("work_done_failed", hall=work.hall)
