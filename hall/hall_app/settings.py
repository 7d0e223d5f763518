"""`hall.toml`: what an installation is told. Unknown keys are refused by name."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hall_app.refused import Refused
from hall_core.secret import Secret
from hall_core.store import open_engine

FILE = "hall.toml"
SECRET = "secret.key"
SQLITE = "sqlite:///"

DEFAULT = """\
# Settings of this hall server. Every key is optional; unknown keys are refused by name.

# Where to listen. The intranet's machines reach it at this address.
listen = "{listen}"
port = 8080

# true behind a reverse proxy that adds X-Forwarded-For: otherwise all who ask seem to be the proxy,
# and one who mistypes a password keeps everybody waiting. Only then: the header is believed.
behind_proxy = false

# One hall: SQLite in this folder. A city: "postgresql+psycopg://user:password@host/database".
database = "sqlite:///hall.sqlite"

# Recorded voice clips, clerk photos and the like, below this folder.
media = "media"

# A copy of the database is made here every day (a folder on another disk outlives this one), and
# so many are kept; 0 makes none. PostgreSQL is backed up by its own tools.
backup_folder = "backups"
backups_kept = 14

# Cameras: whether this machine watches them itself (false: `hall cameras worker` on others does),
# and how long and how much evidence is kept, in days and megabytes; the oldest goes first.
camera_worker = true
evidence_days = 30
evidence_mb = 2048
"""


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class SettingsError(Refused):
    """The settings can't be used; the message is one line for a person."""


class AppSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything `hall.toml` may say."""

    listen: str = "0.0.0.0"
    port: int = 8080
    behind_proxy: bool = False
    database: str = "sqlite:///hall.sqlite"
    media: str = "media"
    backup_folder: str = "backups"
    backups_kept: int = 14
    camera_worker: bool = True
    evidence_days: int = 30
    evidence_mb: int = 2048


def load(directory: Path) -> AppSettings:
    """Read `directory/hall.toml`.

    Raises:
        SettingsError: missing, unreadable, or a key is unknown or of the wrong type.
    """
    path = directory / FILE
    try:
        # Notepad puts a mark in front of UTF-8, and older ones write the system's own encoding.
        settings = msgspec.toml.decode(path.read_text(encoding="utf-8-sig"), type=AppSettings)
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8; save it again with that encoding") from None
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; make it with: hall init {directory}") from None
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}; correct or remove this key") from None
    except (msgspec.DecodeError, OSError) as error:
        raise SettingsError(f"{path} can't be read: {error}") from None
    database = settings.database
    if database.startswith("sqlite") and (not database.startswith(SQLITE) or database == SQLITE):
        raise SettingsError(f"{path}: `database` is {database!r}; give sqlite:///FILE")
    for name in ("database", "media", "backup_folder"):
        value = getattr(settings, name)
        if _CONTROL.search(value):  # a slip of the editor (or of a backslash): no folder has one
            raise SettingsError(f"{path}: `{name}` is {value!r}; remove the control character")
    if not 1 <= settings.port <= 65535:
        raise SettingsError(f"{path}: `port` is {settings.port}; it must be 1 to 65535")
    limits = (
        ("backups_kept", 0, 1000),
        ("evidence_days", 1, 3650),
        ("evidence_mb", 10, 10_000_000),
    )
    for name, low, high in limits:
        value = getattr(settings, name)
        if not low <= value <= high:
            raise SettingsError(f"{path}: `{name}` is {value}; it must be {low} to {high}")
    return settings


def database_file(settings: AppSettings, directory: Path) -> Path:
    """Where SQLite's file lies: a relative path is below the installation's folder."""
    return directory.resolve() / settings.database.removeprefix(SQLITE)


def sqlite_file(settings: AppSettings, directory: Path) -> Path | None:
    """SQLite's file; None where another engine keeps the data."""
    return database_file(settings, directory) if settings.database.startswith(SQLITE) else None


def database_url(settings: AppSettings, directory: Path) -> str:
    if settings.database.startswith(SQLITE):
        return SQLITE + os.fspath(database_file(settings, directory))
    return settings.database


def require_database(settings: AppSettings, directory: Path) -> None:
    """Raises SettingsError when SQLite's file is gone or has nothing in it: SQLite would make
    another in its place."""
    path = sqlite_file(settings, directory)
    if path is None:
        return
    if not path.exists():
        raise SettingsError(f"{path} is missing; bring it back from the backup")
    if path.stat().st_size == 0:
        raise SettingsError(f"{path} is empty; bring it back from the backup")


def read_secret(directory: Path) -> Secret:
    """Raises SettingsError when the installation's secret is gone or damaged."""
    try:
        return Secret.open(directory / SECRET)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def database(settings: AppSettings, directory: Path) -> Engine:
    """The database's engine; it connects when it is first used.

    Raises:
        SettingsError: the URL is none that can be used.
    """
    try:
        return open_engine(database_url(settings, directory))
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise SettingsError(
            f"`database` in {directory / FILE} can't be used: {error}; "
            "give sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME"
        ) from None


def media_folder(settings: AppSettings, directory: Path) -> Path:
    return directory.resolve() / settings.media


def backup_folder(settings: AppSettings, directory: Path) -> Path:
    return directory.resolve() / settings.backup_folder


def write_default(directory: Path, listen: str = "0.0.0.0") -> None:
    (directory / FILE).write_text(DEFAULT.format(listen=listen), encoding="utf-8")
