"""Connections kept open between deliveries."""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from threading import Lock

from webhooks_ui.delivery.http.connection import Connection
from webhooks_ui.egress.tls_options import TlsOptions

MAX_AGE = 300.0  # seconds
Key = tuple[str, str, int, str, TlsOptions]
"""Scheme, host, port, address, and how TLS is made: the same receiver at the same checked address,
trusted and authenticated to in the same way."""


class Pool:
    """Idle connections: at most `size`, each for `max_idle` seconds and `MAX_AGE` in all.

    The last one released is the first one acquired. Thread-safe.
    """

    def __init__(
        self,
        size: int = 256,
        max_idle: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size, self._max_idle, self._clock = size, max_idle, clock
        self._lock = Lock()
        self._idle: OrderedDict[Connection, Key] = OrderedDict()  # the last one released is last
        self._is_closed = False

    def acquire(self, keys: Collection[Key]) -> Connection | None:
        """A connection that is still open, as far as can be told without using it."""
        while connection := self._pop(keys):
            if connection.idle_until > self._clock() and connection.stream.is_idle():
                return connection
            connection.stream.close()
        return None

    def release(self, key: Key, connection: Connection, keep_alive: float) -> None:
        """Takes a connection back, for `keep_alive` seconds at most; the pool will close it."""
        seconds = min(keep_alive, self._max_idle)
        connection.idle_until = min(self._clock() + seconds, connection.opened_at + MAX_AGE)
        with self._lock:
            self._idle[connection] = key
        self._close_surplus()

    def close(self) -> None:
        """Closes all idle connections, and each one that is released later."""
        self._is_closed = True
        self._close_surplus()

    def _pop(self, keys: Collection[Key]) -> Connection | None:
        with self._lock:
            found = (one for one in reversed(self._idle) if self._idle[one] in keys)
            if (connection := next(found, None)) is not None:
                del self._idle[connection]
            return connection

    def _close_surplus(self) -> None:
        """Closes the connections idle for longest, while there are too many or they are too old."""
        now, surplus = self._clock(), []
        with self._lock:
            while self._idle:
                oldest = next(iter(self._idle))
                is_kept = oldest.idle_until > now and len(self._idle) <= self._size
                if is_kept and not self._is_closed:
                    break
                del self._idle[oldest]
                surplus.append(oldest)
        for connection in surplus:
            connection.stream.close()
