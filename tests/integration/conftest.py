"""Both engines for the kernel's tests: SQLite in a folder, and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.postgres import Postgres

NewDatabase = Callable[[], str | None]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the run; started when a test first asks for it."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """Makes the URL of a database that has no hall; None: the installation's own SQLite file."""
    if request.param == "sqlite":
        return lambda: None
    postgres: Postgres = request.getfixturevalue("postgres")
    return lambda: postgres.url(postgres.new_database())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest) -> NewDatabase:
    """The same, and it has no tables either."""
    if request.param == "sqlite":
        return lambda: None
    postgres: Postgres = request.getfixturevalue("postgres")
    return lambda: postgres.url(postgres.new_database(empty=True))
