"""Connections kept open between deliveries."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock

from webhooks_ui.delivery.http.connection import Connection

Key = tuple[str, str, int, str]
"""Scheme, host, port and address: the same receiver at the same checked address."""


class Pool:
    """Idle connections: at most `size`, each for `max_idle` seconds and `max_age` in all.

    The last one released is the first one acquired. Thread-safe.
    """

    def __init__(
        self,
        size: int = 256,
        max_idle: float = 20.0,
        max_age: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size, self._max_idle, self._max_age = size, max_idle, max_age
        self._clock = clock
        self._lock = Lock()
        self._by_key: dict[Key, list[Connection]] = {}
        self._by_time: OrderedDict[Connection, Key] = OrderedDict()
        self._is_closed = False

    def acquire(self, keys: Iterable[Key]) -> Connection | None:
        """A connection that is still open, as far as can be told without using it."""
        for key in keys:
            while connection := self._pop(key):
                if connection.idle_until > self._clock() and connection.stream.is_idle():
                    return connection
                connection.stream.close()
        return None

    def release(self, key: Key, connection: Connection, keep_alive: float) -> None:
        """Keeps a connection for `keep_alive` seconds at most. From now on the pool closes it."""
        now = self._clock()
        seconds = min(keep_alive, self._max_idle)
        connection.idle_until = min(now + seconds, connection.opened_at + self._max_age)
        with self._lock:
            self._by_key.setdefault(key, []).append(connection)
            self._by_time[connection] = key
            surplus = self._surplus(now)
        for old in surplus:
            old.stream.close()

    def close(self) -> None:
        """Closes all idle connections, and from now on each one that is released."""
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
        """Removes those that have been idle longest, as far as they are too many or too old."""
        surplus: list[Connection] = []
        while self._by_time:
            oldest = next(iter(self._by_time))
            is_kept = oldest.idle_until > now and len(self._by_time) <= self._size
            if is_kept and not self._is_closed:
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
