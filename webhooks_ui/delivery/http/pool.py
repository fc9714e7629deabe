"""Connections kept open between deliveries."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock

from webhooks_ui.delivery.http.connection import Connection

Key = tuple[str, str, int, str]
"""Scheme, host, port and address: the same receiver by the same checked address."""


class Pool:
    """Idle connections, at most `most`, each for `idle` seconds and in all `age` seconds.

    The last one given back is the first one taken. Thread-safe.
    """

    def __init__(
        self,
        most: int = 256,
        idle: float = 20.0,
        age: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._idle, self._age = most, idle, age
        self._clock = clock
        self._lock = Lock()
        self._by_key: dict[Key, list[Connection]] = {}
        self._by_time: OrderedDict[Connection, Key] = OrderedDict()
        self._is_closed = False

    def take(self, keys: Iterable[Key]) -> Connection | None:
        """A connection that is still open, as far as can be told without using it."""
        for key in keys:
            while connection := self._pop(key):
                if connection.idle_until > self._clock() and connection.stream.is_quiet():
                    return connection
                connection.stream.close()
        return None

    def give(self, key: Key, connection: Connection, idle: float) -> None:
        """Keeps a connection, for `idle` seconds at most; the pool owns it now."""
        now = self._clock()
        seconds = min(idle, self._idle)
        connection.idle_until = min(now + seconds, connection.opened_at + self._age)
        with self._lock:
            self._by_key.setdefault(key, []).append(connection)
            self._by_time[connection] = key
            surplus = self._surplus(now)
        for old in surplus:
            old.stream.close()

    def close(self) -> None:
        """Closes what is idle, and from now on whatever is given back."""
        with self._lock:
            self._is_closed = True
            surplus = self._surplus(self._clock())
        for connection in surplus:
            connection.stream.close()

    def _pop(self, key: Key) -> Connection | None:
        with self._lock:
            connections = self._by_key.get(key)
            if not connections:
                return None
            connection = connections[-1]
            self._remove(connection)
            return connection

    def _surplus(self, now: float) -> list[Connection]:
        """Takes out those that have been idle longest, as far as they are too many or too old."""
        surplus: list[Connection] = []
        while self._by_time:
            oldest = next(iter(self._by_time))
            is_fine = oldest.idle_until > now and len(self._by_time) <= self._most
            if is_fine and not self._is_closed:
                break
            self._remove(oldest)
            surplus.append(oldest)
        return surplus

    def _remove(self, connection: Connection) -> None:
        key = self._by_time.pop(connection)
        connections = self._by_key[key]
        connections.remove(connection)
        if not connections:
            del self._by_key[key]
