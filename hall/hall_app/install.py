"""Making an installation, and what is done at the machine itself: tokens, forgotten passwords."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

from hall_app import plain, settings
from hall_app.hall_routes import hall_row, region_row
from hall_app.refused import Refused
from hall_app.server import open_kernel
from hall_core.clock import SystemClock, millis
from hall_core.credentials import User, hash_secret
from hall_core.halls import SYSTEM
from hall_core.kernel import Kernel
from hall_core.secret import Secret
from hall_core.setup import HallInfo, Region
from hall_queue.domain.commands import ChangeSetup

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
