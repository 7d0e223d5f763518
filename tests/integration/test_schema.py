"""The migrations make exactly the tables that the code expects, on both engines."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

import hall_app.features  # every feature's tables  # noqa: F401
from hall_app import cli, schema
from hall_core.store import open_engine
from hall_core.tables import idempotency, metadata
from hall_queue import tables
from tests.integration.conftest import NewDatabase
from tests.support import installation


@pytest.fixture
def engine(empty_database: NewDatabase, tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(empty_database() or f"sqlite:///{tmp_path / 'hall.sqlite'}")
    schema.upgrade(made)
    yield made
    made.dispose()


def test_migrations_and_metadata_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_keys_and_indexes_are_there_in_their_order(engine: Engine) -> None:
    """What autogenerate does not compare."""
    inspector = inspect(engine)
    for table in metadata.sorted_tables:
        keys = [column.name for column in table.primary_key]
        assert inspector.get_pk_constraint(table.name)["constrained_columns"] == keys, table.name
        found = {
            index["name"]: (index["column_names"], bool(index["unique"]))
            for index in inspector.get_indexes(table.name)
            if not index.get("duplicates_constraint")
        }
        expected = {
            index.name: ([column.name for column in index.columns], bool(index.unique))
            for index in table.indexes
        }
        assert found == expected, table.name
        checks = {check["name"] for check in inspector.get_check_constraints(table.name)}
        named = {c.name for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        assert checks == named, table.name


def ticket(number: int, **values: Any) -> dict[str, Any]:
    return {
        "ticket_id": f"t{number}", "hall_id": "hall", "day": "2026-03-02", "queue": "H",
        "number": f"H{number:03d}", "state": "waiting", "channel": "kiosk", "priority": "normal",
        "cases": 1, "issued_ms": 0, "served_s": 0.0, "call_count": 0, "requeues": 0, "version": 1,
        **values,
    }  # fmt: skip


def window(number: int, clerk: str | None = None, state: str = "open") -> dict[str, Any]:
    return {"hall_id": "hall", "number": number, "state": state, "clerk": clerk}


FITS: list[tuple[Any, list[dict[str, Any]]]] = [
    (tables.tickets, [ticket(1), ticket(1, ticket_id="next day", day="2026-03-03")]),
    (tables.tickets, [ticket(1), ticket(1, ticket_id="other hall", hall_id="other")]),
    (tables.tickets, [ticket(n, state="finished", window=3) for n in range(3)]),
    (tables.tickets, [ticket(1, state="called", window=3), ticket(2, state="serving", window=4)]),
    (tables.windows, [window(1, clerk="001"), window(2, clerk="002"), window(3), window(4)]),
]
BREAKS: list[tuple[Any, list[dict[str, Any]]]] = [
    (tables.tickets, [ticket(1), ticket(1, ticket_id="the same number")]),
    (tables.tickets, [ticket(1, state="called", window=3), ticket(2, state="serving", window=3)]),
    (tables.tickets, [ticket(1, state="asleep")]),
    (tables.windows, [window(1, clerk="001"), window(2, clerk="001")]),
    (tables.windows, [window(1, state="ajar")]),
]


@pytest.mark.parametrize("case", range(len(FITS)))
def test_the_database_takes_what_may_be(engine: Engine, case: int) -> None:
    table, rows = FITS[case]
    with engine.begin() as connection:
        connection.execute(insert(table), rows)


@pytest.mark.parametrize("case", range(len(BREAKS)))
def test_the_database_itself_refuses_what_may_not_be(engine: Engine, case: int) -> None:
    table, rows = BREAKS[case]
    *good, bad = rows
    with engine.begin() as connection:
        for row in good:
            connection.execute(insert(table), row)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(insert(table), bad)


def test_there_is_one_line_of_migrations_and_the_code_knows_its_end() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [schema.HEAD]
    assert len(list(scripts.walk_revisions())) == len(list(schema.MIGRATIONS.glob("versions/*.py")))


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    assert schema.current(engine) == schema.HEAD
    schema.upgrade(engine)
    assert schema.current(engine) == schema.HEAD


def upgrade_to(revision: str, connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def test_what_was_there_before_fewer_pages_is_there_after(
    empty_database: NewDatabase, tmp_path: Path
) -> None:
    engine = open_engine(empty_database() or f"sqlite:///{tmp_path / 'hall.sqlite'}")
    values = ticket(1, called_ms=5, window=3, state="serving")
    with engine.begin() as connection:
        upgrade_to("0012", connection)
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(f":{name}" for name in values)
        connection.execute(text(f"INSERT INTO tickets ({columns}) VALUES ({marks})"), values)
        for number, state, clerk in ((1, "closed", None), (2, "away", "002"), (3, "serving", "3")):
            connection.execute(
                text("INSERT INTO windows VALUES ('hall', :number, :state, :clerk, NULL, 7)"),
                {"number": number, "state": state, "clerk": clerk},
            )
        for digest in (b"a" * 16, b"b" * 16):  # in the same millisecond
            connection.execute(
                text("INSERT INTO idempotency VALUES (1700000000123, :digest, :digest, '{}')"),
                {"digest": digest},
            )
        connection.execute(text("CREATE TABLE windows_before (there INTEGER)"))
    with pytest.raises(DBAPIError):
        schema.upgrade(engine)  # stopped in the middle ...
    assert schema.current(engine) == "0012"
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE windows_before"))
    schema.upgrade(engine)  # ... it left nothing behind that stands in the way
    with engine.connect() as connection:
        row = connection.execute(select(tables.tickets)).one()
        assert {name: getattr(row, name) for name in values} == values
        assert connection.execute(select(tables.windows).order_by("number")).all() == [
            ("hall", 1, "closed", None),
            ("hall", 2, "away", "002"),
            ("hall", 3, "open", "3"),
        ]
        keys = connection.execute(select(idempotency).order_by("at_us")).all()
    assert [(row.at_us // 1000, bytes(row.digest)) for row in keys] == [
        (1700000000123, b"a" * 16),
        (1700000000123, b"b" * 16),
    ]
    engine.dispose()


def test_a_newer_releases_database_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation(tmp_path, demo=False)
    database = sqlite3.connect(tmp_path / "hall.sqlite")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    for arguments in (["serve", str(tmp_path)], ["check", str(tmp_path)],
                      ["token", "create", str(tmp_path), "--kind", "kiosk"]):  # fmt: skip
        assert cli.main(arguments) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        assert "release" in printed.err, printed.err
