"""What is done at the machine itself, beside a running server: tokens, forgotten passwords."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, select, update

from hall_app import schema, settings
from hall_app.refused import Refused
from hall_core import tables
from hall_core.clock import SystemClock, millis
from hall_core.credentials import device_row, hash_secret, new_device
from hall_core.writer import upsert_sql
from hall_queue.tables import windows


@contextmanager
def _database(directory: Path) -> Iterator[Engine]:
    """The installation's database, for one short write beside a running server."""
    loaded = settings.load(directory)
    settings.require_database(loaded, directory)
    engine = settings.database(loaded, directory)
    try:
        if schema.current(engine) != schema.HEAD:
            raise Refused(
                f"{directory} has another release's database; start `hall serve` once first"
            )
        yield engine
    finally:
        engine.dispose()


def create_token(directory: Path, kind: str, hall_id: str | None, window: int | None) -> str:
    """A new token, stored hashed.

    Raises:
        Refused: unknown hall, or a hall or window is needed and missing.
    """
    with _database(directory) as engine, engine.begin() as connection:
        known = connection.execute(select(tables.halls.c.hall_id)).scalars().all()
        if hall_id is not None and hall_id not in known:
            raise Refused(f"there is no hall {hall_id!r}; halls here: {', '.join(known)}")
        if hall_id is None and kind not in ("supervisor", "admin"):
            if len(known) != 1:
                raise Refused(f"a {kind} token needs --hall; halls here: {', '.join(known)}")
            hall_id = known[0]
        if window is not None and hall_id is None:
            raise Refused("--window is of one hall; add --hall")
        if window is not None:
            numbers = select(windows.c.number).where(windows.c.hall_id == hall_id)
            if window not in connection.execute(numbers).scalars().all():
                raise Refused(f"hall {hall_id!r} has no window {window}; see `/admin`")
        if kind in ("counter", "pad") and window is None:
            raise Refused(f"a {kind} token needs --window N")
        device, token = new_device(
            kind,  # type: ignore[arg-type]  # argparse checked it against the kinds
            hall_id,
            window,
            f"{kind}-token",
            SystemClock(),
        )
        table, values = device_row(device)
        connection.exec_driver_sql(upsert_sql(table, engine.dialect.name), values)
        _audit(connection, "token_created", device.device_id, hall_id, kind)
        return token


def reset_password(directory: Path, name: str) -> str:
    """A new random password for `name`, who is signed out everywhere.

    Raises:
        Refused: there is no such person.
    """
    with _database(directory) as engine, engine.begin() as connection:
        password = secrets.token_urlsafe(12)
        changed = connection.execute(
            update(tables.users)
            .where(tables.users.c.name == name)
            .values(password_hash=hash_secret(password), failures=0, locked_until_ms=0, disabled=0)
        )
        if changed.rowcount == 0:
            known = connection.execute(select(tables.users.c.name)).scalars().all()
            raise Refused(f"there is no user {name!r}; users here: {', '.join(known)}")
        connection.execute(delete(tables.sessions).where(tables.sessions.c.user == name))
        _audit(connection, "password_reset", name, None, "at the machine")
        return password


def _audit(
    connection: Connection, action: str, subject: str, hall_id: str | None, detail: str
) -> None:
    values = {
        "at_ms": millis(SystemClock().now()),
        "actor": "command line",
        "action": action,
        "subject": subject,
        "hall_id": hall_id,
        "address": "local",
        "detail": detail,
    }
    connection.execute(insert(tables.audit).values(values))
