"""The driver's own connections, for statements that are prepared once and run often.

Its errors become SQLAlchemy's, so that whoever catches those need not know of it.
"""

import select
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Dialect, Engine, ExceptionContext, PoolProxiedConnection, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError

from webhooks_ui.database import damage, files

BUSY_SECONDS = 5
BUSY_TIMEOUT = f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}"
# States of PostgreSQL (appendix A of its manual) that tell of the transaction or the prepared
# statements of a session: on another one the statement does as well as ever.
_OF_SESSION = ("25", "26", "42P05")
_CHANGED_PLAN = "cached plan must not change"
_UNDONE = ("40001", "40P01", "57014")  # not serializable, deadlock, cancelled
OF_POOL = ("PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=1000")
"""What SQLite's connections are set to in the pool: SQLite's own defaults."""
_MAX_LOGGED = 8_000  # pages, 32 MB, where nobody else commits
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
        if is_of_session(error):
            raise in_session(error) from error
        raise DBAPIError.instance(
            "", None, error, kind, hide_parameters=True, dialect=dialect
        ) from error


def watch_sessions(engine: Engine) -> None:
    """Has PostgreSQL's sessions that have ended, or do not work any more, replaced."""

    @event.listens_for(engine, "checkout")
    def _checkout(connection: Any, record: Any, _proxy: object) -> None:
        # The server says nothing unasked, unless it ends the session: a look at the socket is
        # enough, where `pool_pre_ping` takes a round trip each time.
        watch = select.poll()
        watch.register(connection.fileno(), select.POLLIN)
        was_lost = record.record_info.pop("is_lost", False)
        if connection.closed or watch.poll(0):
            if was_lost:  # a new one as well: the pool would give up with an error of its own
                raise OperationalError("", None, ConnectionError("sessions end at once"))
            record.record_info["is_lost"] = True
            raise InvalidatePoolError

    @event.listens_for(engine, "handle_error")
    def _handle_error(context: ExceptionContext) -> OperationalError | None:
        if not is_of_session(context.original_exception):
            return None
        context.is_disconnect, context.invalidate_pool_on_disconnect = True, False
        return in_session(context.original_exception)


def is_of_session(error: object) -> bool:
    """Whether the driver's error lies with the session, which is not to be used again."""
    state = getattr(error, "sqlstate", None) or ""
    return state.startswith(_OF_SESSION) or (state == "0A000" and _CHANGED_PLAN in str(error))


def in_session(error: BaseException) -> OperationalError:
    """A session's error as SQLAlchemy's: through this session, the database is out of reach."""
    return OperationalError("", None, error, hide_parameters=True)


def is_undone(error: Exception) -> bool:
    """Whether the statement certainly changed nothing and may succeed if it is retried at once."""
    cause = reason_of(error)
    return is_of_session(cause) or getattr(cause, "sqlstate", None) in _UNDONE


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
        is_lost = engine.dialect.is_disconnect(cause, connection.dbapi_connection, None)
        if is_lost or is_of_session(cause):
            connection.invalidate(error)
        raise
    finally:
        connection.close()


@contextmanager
def autocommitting(engine: Engine) -> Iterator[Any]:
    """The driver's connection, each statement by itself; SQLite's does so anyway."""
    with connected(engine) as connection, in_our_terms(engine.dialect):
        driver: Any = connection.driver_connection
        if engine.dialect.name == "sqlite":
            yield driver
            return
        driver.autocommit = True
        try:
            yield driver
        finally:
            if not driver.closed:
                driver.autocommit = False


@contextmanager
def writing_sqlite(engine: Engine, until: float) -> Iterator[Any]:
    """A cursor within a transaction that writes; waits until `until` while others write.

    Its commit leaves the checkpoint to other commits, such as the worker's: a checkpoint takes as
    long as many commits, and senders of events wait for this one.
    """
    with connected(engine) as connection, in_our_terms(engine.dialect):
        driver: Any = connection.driver_connection
        driver.execute(f"PRAGMA wal_autocheckpoint={_MAX_LOGGED}")
        begin_to_write(driver, engine.dialect, until)
        try:
            yield driver.cursor()
            driver.execute("COMMIT")
        except BaseException:
            driver.rollback()
            raise


def begin_to_write(driver: Any, dialect: Dialect, until: float) -> None:
    """Begins as a writer on SQLite; waits until `until` while another process writes.

    The commit waits for no disk, which others would have to wait for too: see `make_lasting`.
    SQLite's own waiting sleeps longer each time, up to a tenth of a second past the moment at which
    the lock was free: a busy worker frees it only for moments.
    """
    driver.execute("PRAGMA synchronous=NORMAL")
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


def make_lasting(engine: Engine) -> None:
    """Waits until what was committed survives a loss of power; on PostgreSQL commits do so.

    It is in SQLite's write-ahead log, or went from there into the file, which SQLite itself syncs.
    Raises OperationalError.
    """
    if engine.dialect.name != "sqlite":
        return
    try:
        files.sync(Path(f"{engine.url.database}-wal"), data_only=True)
    except FileNotFoundError:  # everybody has left the database: all of it is in the file
        return
    except OSError as error:
        raise OperationalError("COMMIT", None, error, hide_parameters=True) from error


def sync_folder(engine: Engine) -> None:
    """Makes a new write-ahead log survive a loss of power: its folder names it from now on."""
    with suppress(OSError):  # some file systems cannot
        files.sync(Path(f"{engine.url.database}").parent)
