"""Wakes idle workers when something is due.

A worker sleeps on a socket pair, whose other end its own threads have, and on what other processes
can reach: on PostgreSQL a session that listens to what they NOTIFY, on SQLite a named pipe that
they write to (`holders`). A wake-up that is lost costs a second at most, since workers also look by
themselves.
"""

import os
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, make_url, text

from webhooks_ui.database.engine import LISTENS_AT, POSTGRES_LIMITS, db, is_sqlite
from webhooks_ui.delivery.queue import holders

if TYPE_CHECKING:
    from psycopg import Connection

CHANNEL = "webhooks_ui_due"


def wake_workers() -> None:
    """Wakes every worker; to be called after the commit, best effort."""
    if not is_sqlite():
        with suppress(Exception), db.engine.begin() as connection:
            connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
    else:
        holders.ring_pipes(db.engine)


def alarm(
    engine: Engine,
    parent: socket.socket | None,
    on_orphaned: Callable[[], None],
    number: int | None = None,
) -> "Alarm":
    """An alarm for a worker with this holder's number, or a new one.

    `on_orphaned` is called when the other end of `parent` is closed.
    """
    kind = NotifyAlarm if engine.dialect.name == "postgresql" else PipeAlarm
    return kind(engine, parent, on_orphaned, number or holders.new_number())


class Alarm:
    """What a worker sleeps on, and by which others see that it is alive (`holders`).

    A signal handler may `ring`; one thread does the rest.
    """

    def __init__(
        self,
        engine: Engine,
        parent: socket.socket | None,
        on_orphaned: Callable[[], None],
        number: int,
    ) -> None:
        self._engine, self._on_orphaned = engine, on_orphaned
        own, self._waking = socket.socketpair()
        self._waking.setblocking(False)
        self._sockets = [own, parent] if parent else [own]
        self.number = number

    @property
    def holder(self) -> int | None:
        """The worker's `number`, to name in leases; None while others cannot see that it lives.

        Leases then run out, should it die.
        """
        return None

    def wait(self, seconds: float) -> bool:
        """Returns when it is woken, after `seconds` at most; whether it was woken."""
        poll = select.poll()
        for source in [*(one.fileno() for one in self._sockets), *self._descriptors()]:
            poll.register(source, select.POLLIN)
        ready = {source for source, _ in poll.poll(seconds * 1000)}
        for one in [one for one in self._sockets if one.fileno() in ready]:
            if not one.recv(65536):
                self._sockets.remove(one)
                one.close()
                self._on_orphaned()
        return bool(ready)

    def ring(self) -> None:
        """Wakes this worker."""
        with suppress(OSError):  # full: it is ringing already
            self._waking.send(b"!")

    def close(self) -> None:
        """Frees what it holds."""
        for one in (self._waking, *self._sockets):
            one.close()

    def _descriptors(self) -> list[int]:
        """What becomes readable when another process wakes the workers."""
        return []


class PipeAlarm(Alarm):
    """On SQLite: other processes write to a named pipe beside the database."""

    def __init__(self, engine: Engine, *others: Any) -> None:
        super().__init__(engine, *others)
        self._pipe = holders.open_pipe(engine, self.number)

    @property
    def holder(self) -> int | None:
        return None if self._pipe is None else self.number

    def wait(self, seconds: float) -> bool:
        is_woken = super().wait(seconds)
        if is_woken and self._pipe is not None:
            with suppress(BlockingIOError):  # it was another one that rang
                os.read(self._pipe, 65536)
        return is_woken

    def close(self) -> None:
        super().close()
        if self._pipe is not None:
            holders.close_pipe(self._engine, self.number, self._pipe)
            self._pipe = None

    def _descriptors(self) -> list[int]:
        return [] if self._pipe is None else [self._pipe]


class NotifyAlarm(Alarm):
    """On PostgreSQL: a connection of its own that listens."""

    def __init__(self, engine: Engine, *others: Any) -> None:
        super().__init__(engine, *others)
        self._listening = self._connect()

    @property
    def holder(self) -> int | None:
        return self.number if self._listening else None

    def wait(self, seconds: float) -> bool:
        if self._listening is None:
            self._listening = self._connect()
        is_woken = super().wait(seconds)
        if is_woken and self._listening:
            self._drain(self._listening)
        return is_woken

    def close(self) -> None:
        super().close()
        if self._listening:
            self._listening.close()

    def _descriptors(self) -> list[int]:
        return [self._listening.fileno()] if self._listening else []

    def _connect(self) -> "Connection[Any] | None":
        import psycopg

        try:
            limits = {name: str(value) for name, value in POSTGRES_LIMITS.items()}
            known = self._engine.get_execution_options().get(LISTENS_AT) or self._engine.url
            url = make_url(known).set(drivername="postgresql").update_query_dict(limits)
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
