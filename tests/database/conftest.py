"""Both databases that the program runs on, empty."""

import pytest

from tests.support.apps import Apps
from tests.support.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, apps: Apps) -> str:
    """The URL of an empty database: the test runs once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{apps.data_dir}/empty.db"
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.create_database()
