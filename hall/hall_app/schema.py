"""Bringing a database to this release's schema, with one linear Alembic history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from hall_app.settings import SettingsError

HEAD = "0014"
MIGRATIONS = Path(__file__).parent / "migrations"


def current(engine: Engine) -> str | None:
    """The revision the database is at; None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(engine: Engine, before: Callable[[], None] = lambda: None) -> None:
    """Run the migrations that are missing. Quick when there are none.

    Args:
        before: called first where an earlier release's data is about to be changed.

    Raises:
        SettingsError: a newer release made this database.
    """
    now = current(engine)
    if now == HEAD:
        return
    if now is not None and not any(MIGRATIONS.glob(f"versions/{now}_*.py")):
        raise SettingsError(
            f"a newer release made this database (revision {now}; this one knows up to {HEAD}); "
            "install that release"
        )
    if now is not None:
        before()
    # Alembic is only needed on the day of a new release; starting is quicker without it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            # By itself sqlite3 begins nothing for tables: a power cut in the middle of a migration
            # would leave half of it behind.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
