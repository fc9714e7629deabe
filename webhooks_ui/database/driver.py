"""The driver's own connections, for statements that are prepared once and run often.

Its errors become SQLAlchemy's, so that whoever catches those need not know of it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Dialect, Engine, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError

from webhooks_ui.database import damage

BUSY_SECONDS = 5
BUSY_TIMEOUT = f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}"
_LOCK_LOOK = 0.001  # seconds between looks whether another process still writes


def sqlite_module() -> Any:
    """The wheel's SQLite, without the WAL-reset bug of older ones; else the system's."""
    try:
        import pysqlite3
    except ImportError:
        return sqlite3
    return pysqlite3


@contextmanager
def in_our_terms(dialect: Dialect) -> Iterator[None]:
    """Raises what the driver raises as SQLAlchemy does; damage as `DamagedError`."""
    kind: Any = dialect.loaded_dbapi.Error
    try:
        with damage.noticed():
            yield
    except kind as error:
        raise DBAPIError.instance(
            "", None, error, kind, hide_parameters=True, dialect=dialect
        ) from error


def reason_of(error: Exception) -> object:
    """The driver's own error, where there is one."""
    return getattr(error, "orig", error)


@contextmanager
def connected(engine: Engine) -> Iterator[PoolProxiedConnection]:
    """A connection of the pool; the pool gets no broken one back."""
    with in_our_terms(engine.dialect):
        connection = engine.raw_connection()
    try:
        yield connection
    except DBAPIError as error:
        cause: Any = error.orig
        if engine.dialect.is_disconnect(cause, connection.dbapi_connection, None):
            connection.invalidate(error)
        raise
    finally:
        connection.close()


@contextmanager
def writing_sqlite(engine: Engine, until: float) -> Iterator[Any]:
    """A cursor within a transaction that writes; waits until `until` while others write."""
    with connected(engine) as connection, in_our_terms(engine.dialect):
        driver: Any = connection.driver_connection
        begin_to_write(driver, engine.dialect, until)
        try:
            yield driver.cursor()
            driver.execute("COMMIT")
        except BaseException:
            driver.rollback()
            raise


def begin_to_write(driver: Any, dialect: Dialect, until: float) -> None:
    """Begins as a writer on SQLite; waits until `until` while another process writes.

    SQLite's own waiting sleeps longer each time, up to a tenth of a second past the moment at which
    the lock was free: a busy worker frees it only for moments.
    """
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except dialect.loaded_dbapi.DatabaseError as error:
                if "locked" not in str(error) or monotonic() >= until:
                    raise
                sleep(_LOCK_LOOK)
            else:
                return
    finally:
        driver.execute(BUSY_TIMEOUT)
