"""Wakes idle workers when something is due.

A worker sleeps on a socket pair. The other end is held by whoever can wake it at once: its own
threads, and the console that started it. Other processes are noticed by what they commit: on
PostgreSQL by NOTIFY, on SQLite by a look at ``PRAGMA data_version`` every `POLL_EVERY` seconds. A
wake-up that is lost costs a second at most, since workers also look by themselves.
"""

import select
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, text

from webhooks_ui.database.engine import POSTGRES_LIMITS, db
from webhooks_ui.delivery.queue import holders

if TYPE_CHECKING:
    from psycopg import Connection

CHANNEL = "webhooks_ui_due"
POLL_EVERY = 0.02  # seconds

_lock = Lock()
_workers: set[socket.socket] = set()  # what wakes the workers in this process or started by it


def wake_workers() -> None:
    """Wakes every worker; to be called after the commit, best effort."""
    if db.engine.dialect.name == "postgresql":
        with suppress(Exception), db.engine.begin() as connection:
            connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
        return
    with _lock:
        for waking in _workers:
            _ring(waking)


def connect() -> tuple[socket.socket, socket.socket]:
    """The two ends of a pair: a worker listens at one, this process wakes it by the other."""
    listening, waking = socket.socketpair()
    waking.setblocking(False)
    with _lock:
        _workers.add(waking)
    return listening, waking


def disconnect(waking: socket.socket) -> None:
    """Wakes nobody any more; the worker at the other end, if it has a process, stops."""
    with _lock:
        _workers.discard(waking)
        waking.close()


def alarm(engine: Engine, parent: socket.socket | None, on_orphaned: Callable[[], None]) -> "Alarm":
    """An alarm for a worker; `on_orphaned` is called when the other end of `parent` is closed."""
    kind = NotifyAlarm if engine.dialect.name == "postgresql" else PollAlarm
    return kind(engine, parent, on_orphaned)


class Alarm:
    """What a worker sleeps on, and by which others see that it is alive (`holders`).

    A signal handler may `ring`; one thread does the rest.
    """

    def __init__(
        self, engine: Engine, parent: socket.socket | None, on_orphaned: Callable[[], None]
    ) -> None:
        self._engine, self._on_orphaned = engine, on_orphaned
        own, self._waking = connect()
        self._sockets = [own, parent] if parent else [own]
        self.number = holders.new_number()

    @property
    def holder(self) -> int | None:
        """The worker's `number`, to name in leases; None while others cannot see that it lives.

        Leases then run out, should it die.
        """
        return None

    def wait(self, seconds: float) -> bool:
        """Returns when it is woken, after `seconds` at most; whether it was woken."""
        sources: list[Any] = [*self._sockets, *self._descriptors()]
        ready, _, _ = select.select(sources, [], [], seconds)
        for one in [one for one in self._sockets if one in ready]:
            if not one.recv(65536):
                self._sockets.remove(one)
                one.close()
                self._on_orphaned()
        return bool(ready)

    def ring(self) -> None:
        """Wakes this worker."""
        _ring(self._waking)

    def close(self) -> None:
        """Frees what it holds."""
        disconnect(self._waking)
        for one in self._sockets:
            one.close()

    def _descriptors(self) -> list[int]:
        """What becomes readable when another process wakes the workers."""
        return []


class PollAlarm(Alarm):
    """On SQLite: notices every commit to the file, for 3 µs a look."""

    def __init__(self, engine: Engine, *others: Any) -> None:
        super().__init__(engine, *others)
        self._connection: Any = engine.raw_connection()
        self._connection.detach()  # kept: the pool has no use for it
        self._version = self._data_version()
        self._lock = holders.lock_file(engine, self.number)

    @property
    def holder(self) -> int | None:
        """See `Alarm`."""
        return self.number if self._lock else None

    def wait(self, seconds: float) -> bool:
        """See `Alarm`."""
        until = monotonic() + seconds
        while not super().wait(max(min(until - monotonic(), POLL_EVERY), 0)):
            version, self._version = self._version, self._data_version()
            if version != self._version:
                return True
            if monotonic() >= until:
                return False
        return True

    def close(self) -> None:
        """See `Alarm`."""
        super().close()
        self._connection.close()
        if self._lock:
            holders.unlock(self._engine, self.number, self._lock)

    def _data_version(self) -> int | None:
        """Changes with each commit of another connection; None when the file cannot be read."""
        try:
            ((version,),) = self._connection.execute("PRAGMA data_version").fetchall()
        except self._engine.dialect.loaded_dbapi.Error:
            return None
        return int(version)


class NotifyAlarm(Alarm):
    """On PostgreSQL: a connection of its own that listens."""

    def __init__(self, engine: Engine, *others: Any) -> None:
        super().__init__(engine, *others)
        self._listening = self._connect()

    @property
    def holder(self) -> int | None:
        """See `Alarm`."""
        return self.number if self._listening else None

    def wait(self, seconds: float) -> bool:
        """See `Alarm`."""
        if self._listening is None:
            self._listening = self._connect()
        is_woken = super().wait(seconds)
        if is_woken and self._listening:
            self._drain(self._listening)
        return is_woken

    def close(self) -> None:
        """See `Alarm`."""
        super().close()
        if self._listening:
            self._listening.close()

    def _descriptors(self) -> list[int]:
        return [self._listening.fileno()] if self._listening else []

    def _connect(self) -> "Connection[Any] | None":
        import psycopg

        try:
            limits = {name: str(value) for name, value in POSTGRES_LIMITS.items()}
            url = self._engine.url.set(drivername="postgresql").update_query_dict(limits)
            connection = psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)
            connection.execute(f"LISTEN {CHANNEL}")
            connection.execute(holders.LOCK_SESSION, (holders.LOCK_CLASS, self.number))
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


def _ring(waking: socket.socket) -> None:
    with suppress(OSError):  # full: it is ringing already; closed: nobody is there
        waking.send(b"!")
