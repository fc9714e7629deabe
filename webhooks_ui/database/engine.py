"""The database: one engine set up for durable writes, and transactions.

SQLite is set up for a server that may lose nothing: WAL, ``synchronous=FULL`` (`transaction` itself
waits for the disk, once others may write), foreign keys, a busy time-out, and ``BEGIN IMMEDIATE``
for writers: a transaction that reads first and writes later fails with "database is locked".
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from flask import Flask, g, has_request_context
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, Executable, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from webhooks_ui.database import damage, driver, session
from webhooks_ui.database.types import Base
from webhooks_ui.database.writers import StuckError, Writers

UNREACHABLE = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)
"""What is raised while the database is locked, full, away, or every connection to it is taken, and
where something fails in the database itself."""
REFUSED = (DBAPIError, PoolTimeoutError)
"""`UNREACHABLE`, and what is raised for a statement that the database rejects."""
BUSY_TIMEOUT = timedelta(seconds=driver.BUSY_SECONDS)
_IF_FREE = 0.1  # seconds that `write_if_free` waits
_WRITES = "writes"  # in the info of a session within `transaction`
_TURN_LOOK = 0.2  # seconds between looks whether this thread still may wait for its turn
CONNECT_TIMEOUT = timedelta(seconds=5)  # to PostgreSQL, and for a free connection
# A server that is gone without a word, as behind a network that broke, is given up in time.
POSTGRES_LIMITS = {
    "connect_timeout": CONNECT_TIMEOUT // timedelta(seconds=1),
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # ms
}

# Our queries read a few rows each: parallel workers and JIT cost more than they save. The rows are
# in memory as a rule, where random reads cost no more than sequential ones.
_PLANNING = """
    SET max_parallel_workers_per_gather = 0; SET jit = off; SET random_page_cost = 1.1;
"""
LISTENS_AT = "listens_at"
"""The execution option of an engine that reaches PostgreSQL by a pooler: where to listen."""
writers = Writers()
"""The writers of this process."""
_writer = Lock()
db = SQLAlchemy(model_class=Base, session_options={"class_": session.ReadingSession})

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


@contextmanager
def transaction() -> Iterator[None]:
    """One short write transaction on this context's session; loaded objects are read again.

    Commits at the end, rolls back on any exception. Do slow things (hashing, look-ups) before.
    It waits `BUSY_TIMEOUT` for its turn; that is the limit for all transactions of a request
    together. Raises SQLAlchemy's OperationalError.
    """
    db.session.rollback()
    begun = monotonic()
    until = begun + BUSY_TIMEOUT.total_seconds() - _waited()
    with writers.admitted() as writer:
        with turn(writer, until):
            try:
                try:
                    options = session.writing(db.engine) | {"until": until}
                    db.session.connection(execution_options=options)
                finally:
                    if has_request_context():
                        g.waited_to_write = _waited() + monotonic() - begun
                db.session.info[_WRITES] = True
                yield
                db.session.commit()
            except BaseException:
                db.session.rollback()
                raise
            finally:
                db.session.info.pop(_WRITES, None)
        driver.make_lasting(db.engine)


def is_sqlite() -> bool:
    """Whether the app's database is SQLite; else it is PostgreSQL."""
    return db.engine.dialect.name == "sqlite"


def is_writing() -> bool:
    """Whether this is within a `transaction`."""
    return _WRITES in db.session.info


def write_if_free(statement: Executable) -> bool:
    """Executes a statement, or skips it where the database is busy; returns whether it did.

    It waits a tenth of a second to begin, and not for the disk.
    """
    options: dict[str, Any] = {"writes": True, "until": monotonic() + _IF_FREE}
    with suppress(*REFUSED):
        with db.engine.connect().execution_options(**options) as connection:
            if connection.dialect.name != "sqlite":
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_IF_FREE * 1000:.0f}")
            connection.execute(statement)
            connection.commit()
        return True
    return False


def _waited() -> float:
    """Seconds that this request has waited to write so far."""
    return float(g.get("waited_to_write", 0.0)) if has_request_context() else 0.0


@contextmanager
def turn(writer: object, until: float) -> Iterator[None]:
    """Queues this process's writers to SQLite: each begins the moment the one before it is done.

    SQLite itself has them sleep and try again, longer each time, while the disk is idle.
    """
    is_alone = is_sqlite() and _take_turn(writer, until)
    try:
        yield
    finally:
        if is_alone:
            _writer.release()


def _take_turn(writer: object, until: float) -> bool:
    while (left := until - monotonic()) > 0:
        if _writer.acquire(timeout=min(left, _TURN_LOOK)):
            return True
        if writers.has_to_give_up(writer):
            raise StuckError
    return False


def end_read() -> None:
    """Ends the reading transaction: what others have committed since is seen from now on."""
    db.session.rollback()


def init_app(app: Flask) -> None:
    """Connects the app to the database that the setting DATABASE_URL names."""
    url = make_url(app.config["DATABASE_URL"])
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(url.get_backend_name(), app.config)
    db.init_app(app)
    with app.app_context():
        if is_sqlite():
            _set_up_sqlite(db.engine)
        else:
            _set_up_postgres(db.engine)
        session.init_app(app, db.engine)


def ping() -> None:
    """One round trip to the database; raises SQLAlchemy's OperationalError if it cannot be made."""
    db.session.execute(text("SELECT 1"))


def _engine_options(backend: str, config: Mapping[str, Any]) -> dict[str, Any]:
    connections: int = config["OPEN_FILES"].database
    # JSON without spaces: attempts are most of the database.
    compact = json.JSONEncoder(separators=(",", ":")).encode
    options: dict[str, Any] = {
        "pool_size": min(10, connections),
        "max_overflow": connections - min(10, connections),
        "pool_timeout": CONNECT_TIMEOUT.total_seconds(),
        "json_serializer": compact,
        "hide_parameters": True,  # payloads and secrets stand in no traceback
    }
    if backend == "sqlite":
        return options | {"module": driver.sqlite_module()}
    options["pool_use_lifo"] = True  # the session that has planned most of the statements
    options["connect_args"] = POSTGRES_LIMITS | config["DATABASE_ENCRYPTION"]
    if listens_at := config["DATABASE_LISTEN_URL"]:
        options["connect_args"]["prepare_threshold"] = None
        options["execution_options"] = {LISTENS_AT: listens_at}
    return options


def _set_up_sqlite(engine: Engine) -> None:
    damage.watch(engine)

    @event.listens_for(engine, "connect")
    def _connect(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        with damage.noticed():
            _prepare(connection.cursor())
        driver.sync_folder(engine)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("writes", False):
            until = options.get("until", monotonic() + BUSY_TIMEOUT.total_seconds())
            with driver.in_our_terms(engine.dialect):
                driver.begin_to_write(connection.connection.dbapi_connection, engine.dialect, until)
        else:
            connection.exec_driver_sql("BEGIN")

    @event.listens_for(engine, "checkin")
    def _checkin(connection: DBAPIConnection | None, _record: object) -> None:
        if connection:
            for pragma in driver.OF_POOL:
                connection.cursor().execute(pragma)


def _prepare(cursor: Any) -> None:
    if cursor.execute("PRAGMA page_count").fetchone()[0] == 0:
        # Of a new file alone: on others it would wait for whoever writes.
        cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
    for pragma in ("PRAGMA journal_mode=WAL", *driver.OF_POOL, "PRAGMA foreign_keys=ON"):
        cursor.execute(pragma)
    cursor.execute(driver.BUSY_TIMEOUT)
    cursor.close()


def _set_up_postgres(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.autocommit = True
        most = BUSY_TIMEOUT // timedelta(milliseconds=1)
        connection.execute(f"{_PLANNING} SET lock_timeout = {most}")
        connection.autocommit = False

    driver.watch_sessions(engine)
