"""Making an installation, and what is done at the machine itself: tokens, forgotten passwords."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, select, update

from hall_app import plain, schema, settings
from hall_app.hall_routes import hall_row, region_row
from hall_app.refused import Refused
from hall_app.server import open_kernel
from hall_core import tables
from hall_core.clock import SystemClock, millis
from hall_core.credentials import User, device_row, hash_secret, new_device
from hall_core.halls import SYSTEM
from hall_core.kernel import Kernel
from hall_core.secret import Secret
from hall_core.setup import HallInfo, Region
from hall_core.writer import upsert_sql
from hall_queue.domain.commands import ChangeSetup
from hall_queue.tables import windows

ADMIN = "admin"


def init(directory: Path, demo: bool, always_open: bool, say: Callable[[str], None]) -> None:
    """Write `hall.toml` and the database; print the administrator's first password once.

    Raises:
        Refused: the folder already holds an installation.
    """
    if (directory / settings.FILE).exists():
        raise Refused(f"{directory} is an installation already; choose another folder")
    if settings.database_file(settings.AppSettings(), directory).exists():
        raise Refused(
            f"{directory} holds a database but no {settings.FILE}; if an earlier `hall init` was "
            "interrupted, remove the folder and repeat it"
        )
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "media").mkdir(exist_ok=True)
    password = asyncio.run(fill(directory, demo, always_open, settings.AppSettings()))
    settings.write_default(directory)  # last: with it, the folder is an installation
    say(f"installed in {directory}")
    say(f"administrator: {ADMIN}")
    say(f"password: {password}")
    say("Sign in at /signin and make a second administrator before opening day.")
    say(f"start it with: hall serve {directory}")


async def fill(
    directory: Path,
    demo: bool,
    always_open: bool,
    chosen: settings.AppSettings | None = None,
) -> str:
    """The database of a new installation; gives the administrator's password."""
    chosen = chosen or settings.load(directory)
    if chosen.database.startswith(settings.SQLITE):
        settings.database_file(chosen, directory).touch(mode=0o600)  # nobody else on this machine
    Secret.make(directory / settings.SECRET)
    kernel = await open_kernel(directory, chosen, SystemClock())
    await kernel.start()
    try:
        password = secrets.token_urlsafe(12)
        await kernel.access.save_user(
            User(
                name=ADMIN,
                password_hash=hash_secret(password),
                roles=("admin", "manager", "security"),
                halls=None,
                regions=None,
                created_ms=millis(kernel.clock.now()),
            )
        )
        for regions, info, setup in halls(demo, always_open):
            await add_hall(kernel, regions, info, setup)
        return password
    finally:
        await kernel.stop()


def halls(demo: bool, always_open: bool) -> Iterable[tuple[list[Region], HallInfo, ChangeSetup]]:
    """What to install: regions that are new with a hall, the hall, its first setup."""
    if demo:
        from hall_app.demo import city  # nobody's hall needs it

        return city.halls(always_open)
    return [plain.hall(always_open)]


async def add_hall(
    kernel: Kernel, regions: list[Region], info: HallInfo, setup: ChangeSetup
) -> None:
    """A new hall with its first setup."""
    await kernel.writer.write([*(region_row(region) for region in regions), hall_row(info)])
    hall = kernel.open_hall(info)
    hall.tick()
    await hall.execute(setup, SYSTEM, lambda live, records: None)


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
