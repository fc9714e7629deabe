"""How many requests may wait for the name server at once while a webhook is saved.

Each holds one of the server's few threads, which events are taken in by. With a name server that is
dead, a few requests wait and the others are told that the name could not be looked up in time. A
file may have thousands of webhooks: it waits for the first names alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from time import monotonic

from flask import g

MAX_AT_ONCE = 3
MAX_HANGING = 3  # names that one request, or a file, waits for until their time is over
PATIENCE = 0.25  # seconds until there is a place, which a name server that works soon leaves
CROWDED = 1.0  # seconds for which nobody waits for a place after one waited in vain


class LookUps:
    """The places for requests that wait. Thread-safe."""

    def __init__(self) -> None:
        self._free = BoundedSemaphore(MAX_AT_ONCE)
        self._crowded_until = 0.0

    @contextmanager
    def place(self, timeout: float) -> Iterator[float]:
        """Around a look-up; gives the seconds that it may take, 0 where it may not wait at all."""
        patience = PATIENCE if monotonic() > self._crowded_until else 0.0
        has_place = self._free.acquire(timeout=patience)
        if not has_place:
            self._crowded_until = monotonic() + CROWDED
        begun, waited = monotonic(), g.get("waited_for_names", 0.0)
        left = max(MAX_HANGING * timeout - waited, 0.0)
        try:
            yield min(timeout, left) if has_place else 0.0
        finally:
            g.waited_for_names = waited + monotonic() - begun
            if has_place:
                self._free.release()
