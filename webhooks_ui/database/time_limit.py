"""A limit to how long a reading statement may take."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from sqlalchemy.exc import OperationalError

from webhooks_ui.database.engine import db

_STEPS = 1_000  # of SQLite's virtual machine between looks at the clock
_CANCELLED = "57014"  # PostgreSQL's code of what statement_timeout ends


class TooSlowError(Exception):
    """A statement was ended because it took too long."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Ends the reading statements of this session that take too long.

    PostgreSQL gives each of the block's this many seconds, SQLite all of them together. Not for use
    within an `engine.transaction`. Raises TooSlowError.
    """
    connection = db.session.connection()
    limited = _on_sqlite if connection.dialect.name == "sqlite" else _on_postgresql
    try:
        with limited(connection, seconds):
            yield
    except OperationalError as error:
        if _was_ended(error.orig):
            raise TooSlowError from None
        raise


@contextmanager
def _on_sqlite(connection: Any, seconds: float) -> Iterator[None]:
    driver, until = connection.connection.driver_connection, monotonic() + seconds
    driver.set_progress_handler(lambda: monotonic() > until, _STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, _STEPS)


@contextmanager
def _on_postgresql(connection: Any, seconds: float) -> Iterator[None]:
    driver = connection.connection.driver_connection
    with driver.transaction():  # at whose end the setting is gone
        driver.execute(f"SET LOCAL statement_timeout = {max(round(seconds * 1000), 1)}")
        yield


def _was_ended(error: Any) -> bool:
    return getattr(error, "sqlstate", None) == _CANCELLED or str(error) == "interrupted"
