"""How many requests may wait for the name server at once while a webhook is saved.

Each holds one of the server's few threads, which events are taken in by. With a name server that is
dead, a few requests wait and the others are told that the name could not be looked up in time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from time import monotonic

MAX_AT_ONCE = 3
PATIENCE = 0.25  # seconds until there is a place, which a name server that works soon leaves
CROWDED = 1.0  # seconds for which nobody waits for a place after one waited in vain


class LookUps:
    """The places for requests that wait. Thread-safe."""

    def __init__(self) -> None:
        self._free = BoundedSemaphore(MAX_AT_ONCE)
        self._crowded_until = 0.0

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Around a look-up; gives whether there is a place for it."""
        patience = PATIENCE if monotonic() > self._crowded_until else 0.0
        has_place = self._free.acquire(timeout=patience)
        if not has_place:
            self._crowded_until = monotonic() + CROWDED
        try:
            yield has_place
        finally:
            if has_place:
                self._free.release()
