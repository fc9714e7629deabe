"""Waking the workers when something is due, so that nothing waits for the next look.

On PostgreSQL by NOTIFY. On SQLite every worker has a named pipe in the data folder, into which a
byte is written. A wake-up that is missed costs a second at most: workers look by themselves.
"""

import os
import select
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from flask import current_app
from sqlalchemy import Engine, text

from webhooks_ui.database.engine import POSTGRES_LIMITS, db

if TYPE_CHECKING:
    from psycopg import Connection

CHANNEL = "webhooks_ui_due"
FOLDER = "workers"


class Alarm(Protocol):
    """What a worker sleeps on."""

    def wait(self, seconds: float) -> bool:
        """Returns when it is woken, after `seconds` at most; whether it was woken."""

    def ring(self) -> None:
        """Wakes this worker, from another thread of it or from a signal handler."""

    def close(self) -> None:
        """Frees what it holds."""


def workers() -> None:
    """Wakes every worker; after the commit, and best effort."""
    if db.engine.dialect.name == "postgresql":
        with suppress(Exception), db.engine.begin() as connection:
            connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
        return
    for pipe in (Path(current_app.config["DATA_DIR"]) / FOLDER).glob("*.pipe"):
        _write(pipe)


def alarm(engine: Engine, data_dir: Path) -> Alarm:
    """An alarm for this worker."""
    return NotifyAlarm(engine) if engine.dialect.name == "postgresql" else PipeAlarm(data_dir)


class PipeAlarm:
    """A named pipe: any process that may write into the data folder can ring."""

    def __init__(self, data_dir: Path) -> None:
        folder = data_dir / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        self._path = folder / f"{uuid4().hex}.pipe"
        os.mkfifo(self._path, 0o600)
        # For writing too, so that the pipe never ends when the last of the others closes it.
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)

    def wait(self, seconds: float) -> bool:
        """See `Alarm`."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if ready:
            with suppress(BlockingIOError):
                os.read(self._descriptor, 65536)
        return bool(ready)

    def ring(self) -> None:
        """See `Alarm`."""
        with suppress(OSError):  # full: it is ringing already
            os.write(self._descriptor, b"!")

    def close(self) -> None:
        """See `Alarm`."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


class NotifyAlarm:
    """A connection of its own that listens; a pipe beside it for the worker's own threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._listening = self._connect()

    def wait(self, seconds: float) -> bool:
        """See `Alarm`."""
        if self._listening is None:
            self._listening = self._connect()
        sockets = [self._listening.fileno()] if self._listening else []
        ready, _, _ = select.select([self._reader, *sockets], [], [], seconds)
        if self._reader in ready:
            with suppress(BlockingIOError):
                os.read(self._reader, 65536)
        if self._listening and set(sockets) & set(ready):
            self._drain(self._listening)
        return bool(ready)

    def ring(self) -> None:
        """See `Alarm`."""
        with suppress(OSError):
            os.write(self._writer, b"!")

    def close(self) -> None:
        """See `Alarm`."""
        if self._listening:
            self._listening.close()
        os.close(self._reader)
        os.close(self._writer)

    def _connect(self) -> "Connection[Any] | None":
        import psycopg

        try:
            limits = {name: str(value) for name, value in POSTGRES_LIMITS.items()}
            url = self._engine.url.set(drivername="postgresql").update_query_dict(limits)
            connection = psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)
            connection.execute(f"LISTEN {CHANNEL}")
        except psycopg.Error:
            return None  # the database is out of reach: the worker looks by itself meanwhile
        return connection

    def _drain(self, listening: "Connection[Any]") -> None:
        import psycopg

        try:
            for _ in listening.notifies(timeout=0):
                pass
        except psycopg.Error:
            listening.close()
            self._listening = None


def _write(pipe: Path) -> None:
    try:
        descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:  # nobody reads it: left behind by a worker that was killed
        with suppress(OSError):
            if stat.S_ISFIFO(pipe.stat().st_mode):
                pipe.unlink()
        return
    with suppress(OSError):
        os.write(descriptor, b"!")
    os.close(descriptor)
