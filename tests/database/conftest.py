"""Both databases that the program runs on, empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import Postgres
from tools.provide import find_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private PostgreSQL of this worker."""
    if find_postgres() is None:
        pytest.skip("PostgreSQL is not installed; `make test` as root installs it on Debian")
    with Postgres() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: the test runs once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/webhooks.db"
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.create_database()
