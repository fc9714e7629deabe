"""The private PostgreSQL of the tests."""

import pytest
from sqlalchemy import create_engine, text

from tests.support.postgres import Postgres


def test_databases_are_separate_and_outlive_a_restart(postgres: Postgres) -> None:
    one, other = (create_engine(postgres.create_database()) for _ in range(2))
    with one.begin() as connection:
        connection.execute(text("CREATE TABLE only_here (id integer)"))
    one.dispose()
    postgres.stop()
    postgres.start()
    with one.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM only_here")).scalar() == 0
    with other.connect() as connection, pytest.raises(Exception, match="does not exist"):
        connection.execute(text("SELECT count(*) FROM only_here"))
    one.dispose()
    other.dispose()
