"""`hall check`: the database's invariants, read beside a running server or after a crash.

Everything is read in one transaction that can't write. The journal is streamed once: from its
first event and, beside it, from each day's opening; both must tell the same state, and the rows
that the events make must be the rows that are there. Memory holds the tickets of a day, not those
of years.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, get_args
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import (
    Connection,
    Select,
    Table,
    create_engine,
    func,
    inspect,
    select,
    tuple_,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from hall_app import schema, settings
from hall_app.check_replay import HallReplay, Values, key_of
from hall_app.faults import Faults, row_differences, row_name, shown
from hall_app.features import make_features
from hall_app.settings import SettingsError
from hall_core import tables
from hall_core.credentials import DeviceKind, UserRole
from hall_core.setup import HallInfo
from hall_queue import tables as queue_tables
from hall_queue.domain.state import TicketState

CHUNK = 500  # rows looked up at once
T = TypeVar("T")


def check_directory(directory: Path) -> list[str]:
    """One line for each thing that is wrong with an installation's database; none when all is well.

    Raises:
        SettingsError: there is no such installation or database, or another release's.
    """
    loaded = settings.load(directory)
    settings.require_database(loaded, directory)
    with _opened(settings.database_url(loaded, directory)) as connection:
        faults = Faults()
        try:
            settings.read_secret(directory)
        except SettingsError as error:
            faults.add("secret", "", str(error))
        # What is wrong with the file itself explains what follows.
        with _reading(faults, "the file"):
            _check_file(connection, faults)
        for check in (_check_constraints, _check_json, _check_halls):
            with _reading(faults, check.__name__.removeprefix("_check_")):
                check(connection, faults)
        with _reading(faults, "the halls"):
            media = settings.media_folder(loaded, directory)
            for info in _halls(connection):
                with _reading(faults, f"hall {info.id}"):
                    _check_hall(connection, info, media, faults)
        return faults.lines()


# --- opening -----------------------------------------------------------------------------------


@contextmanager
def _opened(url: str) -> Iterator[Connection]:
    """One transaction that reads, on a database of this release."""
    prefix = "sqlite:///"
    path = Path(url.removeprefix(prefix)) if url.startswith(prefix) else None
    if path is not None:
        # A file on a read-only disk has no place for SQLite's shared memory.
        option = "mode=ro" if os.access(path.parent, os.W_OK) else "immutable=1"
        url = f"{prefix}file:{path}?{option}&uri=true"
    where = str(path) if path is not None else "the database"
    try:
        engine = create_engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise SettingsError(f"`database` in {settings.FILE} can't be used: {error}") from None
    try:
        with ExitStack() as opened:
            try:
                connection = opened.enter_context(engine.connect())
                if path is None:
                    connection = connection.execution_options(
                        isolation_level="REPEATABLE READ", postgresql_readonly=True
                    )
                else:
                    connection.exec_driver_sql("BEGIN")
                revision = _revision(connection)
            except DBAPIError as error:
                raise SettingsError(f"{where} can't be opened: {error.orig}") from None
            if revision != schema.HEAD:
                what = f"revision {revision}" if revision else "no hall database"
                raise SettingsError(
                    f"{where} is {what}; this release reads {schema.HEAD}, "
                    "which `hall serve` brings it to"
                )
            yield connection
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


@contextmanager
def _reading(faults: Faults, what: str) -> Iterator[None]:
    """A part of the database that can't be read is a fault; the rest is still looked at."""
    try:
        yield
    except DBAPIError as error:
        faults.add("reading", "database", f"{what} can't be read: {error.orig}")


# --- the file ----------------------------------------------------------------------------------


def _check_file(connection: Connection, faults: Faults) -> None:
    if connection.dialect.name == "sqlite":
        for (line,) in connection.exec_driver_sql("PRAGMA integrity_check(20)"):
            if line != "ok":
                faults.add("integrity", "database", line)
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    for table in tables.metadata.sorted_tables:
        if table.name not in there:
            faults.add("schema", "database", f"table {table.name} is missing")
            continue
        indexes = {index["name"] for index in inspector.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexes:
                faults.add("schema", "database", f"index {index.name} of {table.name} is missing")


# --- the constraints again, for a database whose indexes are gone ------------------------------


def _check_constraints(connection: Connection, faults: Faults) -> None:
    ticket, window = queue_tables.tickets.c, queue_tables.windows.c
    for row in connection.execute(_repeated(ticket.hall_id, ticket.day, ticket.number)):
        text = f"was given {row.times} times"
        faults.add("numbers", f"ticket {row.number} of {row.day}", text, row.hall_id)
    active = _repeated(ticket.hall_id, ticket.window).where(
        ticket.state.in_(("called", "serving")), ticket.window.is_not(None)
    )
    for row in connection.execute(active):
        text = f"has {row.times} tickets called or in service"
        faults.add("one ticket", f"window {row.window}", text, row.hall_id)
    for row in connection.execute(
        _repeated(window.hall_id, window.clerk).where(window.clerk.is_not(None))
    ):
        faults.add("one window", f"clerk {row.clerk}", f"is at {row.times} windows", row.hall_id)
    for row in connection.execute(
        select(ticket.hall_id, ticket.ticket_id, ticket.number, ticket.state).where(
            ticket.state.not_in(get_args(TicketState))
        )
    ):
        where = f"ticket {row.number} ({row.ticket_id})"
        faults.add("states", where, f"{shown(row.state)} is no state of a ticket", row.hall_id)
    for row in connection.execute(
        select(window.hall_id, window.number, window.state).where(
            window.state.not_in(queue_tables.STAFFING)
        )
    ):
        where = f"window {row.number}"
        faults.add("states", where, f"{shown(row.state)} is no state of a window", row.hall_id)


def _repeated(*columns: Any) -> Select[Any]:
    times = func.count().label("times")
    return select(*columns, times).group_by(*columns).having(func.count() > 1)


# --- JSON in the tables ------------------------------------------------------------------------


def _check_json(connection: Connection, faults: Faults) -> None:
    table = tables.idempotency
    for row in _stream(connection, select(table.c.digest, table.c.answer)):
        name = f"idempotency key {bytes(row.digest).hex()}"
        _decodes(row.answer, Any, faults, name, "its answer")
    for row in connection.execute(select(tables.devices)):
        name = f"device {row.device_id}"
        _decodes(row.settings, dict[str, Any], faults, name, "its settings")
        if row.kind not in get_args(DeviceKind):
            faults.add("devices", name, f"{shown(row.kind)} is no kind of device")
    names = list[UserRole], list[str] | None
    for row in connection.execute(select(tables.users)):
        name = f"user {row.name}"
        _decodes(row.roles, names[0], faults, name, "the list of roles")
        _decodes(row.halls or "null", names[1], faults, name, "the list of halls")
        _decodes(row.regions or "null", names[1], faults, name, "the list of regions")


def _decodes(text: Any, type_: Any, faults: Faults, name: str, what: str) -> None:
    try:
        msgspec.json.decode(text, type=type_)
    except (ValueError, TypeError) as error:
        faults.add("json", name, f"{what} can't be read: {error}")


# --- halls -------------------------------------------------------------------------------------


def _halls(connection: Connection) -> list[HallInfo]:
    columns = [tables.halls.c[name] for name in ("name", "name_en", "region", "level", "timezone")]
    query = select(tables.halls.c.hall_id.label("id"), *columns).order_by(tables.halls.c.hall_id)
    return [HallInfo(**row._asdict()) for row in connection.execute(query)]


def _check_halls(connection: Connection, faults: Faults) -> None:
    """Rows that belong to no hall; levels, regions and time zones that are none."""
    halls = _halls(connection)
    known = {info.id for info in halls}
    regions = set(connection.execute(select(tables.regions.c.code)).scalars())
    for info in halls:
        try:
            msgspec.convert(msgspec.to_builtins(info), HallInfo)
            ZoneInfo(info.timezone)
        except (ValueError, KeyError, OSError) as error:
            faults.add("halls", "", f"its entry is wrong: {error}", info.id)
        if info.region not in regions:
            faults.add("halls", "", f"region {info.region} is unknown", info.id)
    for table in tables.metadata.sorted_tables:
        column = table.c.get("hall_id")
        if column is None or table in (tables.halls, tables.audit):
            continue
        for hall_id in _distinct(connection, column):
            if hall_id not in known:
                faults.add("halls", "", f"{table.name} has rows of it, but there is no such hall",
                           hall_id)  # fmt: skip


def _distinct(connection: Connection, column: Any) -> Iterator[str]:
    """The values of an indexed column, by jumping: a journal of millions has a few halls."""
    after = ""
    while True:
        found = connection.execute(select(func.min(column)).where(column > after)).scalar()
        if found is None:
            return
        yield found
        after = found


def _check_hall(connection: Connection, info: HallInfo, media: Path, faults: Faults) -> None:
    opening = tables.openings
    at = opening.c.hall_id == info.id
    days = connection.execute(select(opening.c.version, opening.c.day).where(at))
    openings = {row.version: row.day for row in days.all()}

    def read_opening(version: int) -> str:
        query = select(opening.c.state).where(at, opening.c.version == version)
        return str(connection.execute(query).scalar_one())

    def compare(table: Table, rows: list[Values]) -> None:
        for chunk in _chunks(rows, CHUNK):
            _compare_rows(connection, info.id, table, chunk, faults)

    replay = HallReplay(info, make_features(media), faults, openings, read_opening, compare)
    journal = tables.journal.c
    query = (
        select(journal.version, journal.at_ms, journal.actor, journal.type, journal.data)
        .where(journal.hall_id == info.id)
        .order_by(journal.version)
    )
    for row in _stream(connection, query):
        replay.event(*row)
    replay.finish()
    for table, made in replay.made.items() if replay.whole else ():
        count = select(func.count()).select_from(table).where(table.c.hall_id == info.id)
        there = connection.execute(count).scalar_one()
        if there > made and table is not queue_tables.tickets:
            text = f"{there} rows, but the journal makes {made}"
            faults.add("rows", table.name, text, info.id)
        elif there > made:
            _name_strangers(connection, info.id, faults)


def _compare_rows(
    connection: Connection, hall_id: str, table: Table, rows: list[Values], faults: Faults
) -> None:
    """These rows are in the table, field by field."""
    keys = list(table.primary_key.columns)
    wanted = [key_of(table, row) for row in rows]
    single = len(keys) == 1
    where = keys[0].in_([k[0] for k in wanted]) if single else tuple_(*keys).in_(wanted)
    found = {
        key_of(table, tuple(row)): tuple(row)
        for row in connection.execute(select(table).where(where))
    }
    for row, key in zip(rows, wanted, strict=True):
        there = found.get(key)
        if there is None:
            faults.add("rows", row_name(table, row), f"is not in table {table.name}", hall_id)
            continue
        for line in row_differences(table, row, there):
            faults.add("rows", row_name(table, row), line, hall_id)


def _name_strangers(connection: Connection, hall_id: str, faults: Faults) -> None:
    """Tickets that no event made: the version they name tells of another ticket, or of nothing."""
    ticket, journal = queue_tables.tickets, tables.journal
    on = (journal.c.hall_id == ticket.c.hall_id) & (journal.c.version == ticket.c.version)
    query = (
        select(ticket.c.ticket_id, ticket.c.number, ticket.c.day, journal.c.data)
        .select_from(ticket.outerjoin(journal, on))
        .where(ticket.c.hall_id == hall_id)
    )
    for row in _stream(connection, query):
        if row.ticket_id not in (row.data or ""):
            where = f"ticket {row.number} of {row.day} ({row.ticket_id})"
            faults.add("rows", where, "is in table tickets, but no event made it", hall_id)


# --- small things ------------------------------------------------------------------------------


def _stream(connection: Connection, query: Select[Any]) -> Iterable[Any]:
    """Rows as they come, a thousand at a time in memory."""
    return connection.execute(query, execution_options={"yield_per": 1000})


def _chunks(items: list[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
