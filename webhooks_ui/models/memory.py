"""A short-lived cache of who sends, so that not every request queries the database.

A change in this process clears it with its commit; another process's change is seen after `KEPT`
seconds at most.
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import Session

KEPT = 0.9  # seconds
MAX_ENTRIES = 1_000

Known = TypeVar("Known")


class Memory(Generic[Known]):
    """Facts by the hash of the token that they belong to; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, tuple[float, Known | None]] = {}
        self._version = 0

    def recall(self, token_hash: str, look_up: Callable[[], Known | None]) -> Known | None:
        """The facts, from memory or as `look_up` finds them; unknown tokens are not remembered."""
        until, known = self._known.get(token_hash, (0.0, None))
        if known is not None and monotonic() < until:
            return known
        begun, version = monotonic(), self._version
        known = look_up()
        with self._lock:
            if known is not None and version == self._version:
                if len(self._known) >= MAX_ENTRIES:
                    self._known.clear()
                self._known[token_hash] = begun + KEPT, known
        return known

    def forget(self) -> None:
        """Forgets everything, also what is being looked up."""
        with self._lock:
            self._version += 1
            self._known.clear()

    def forget_after_commit(self, session: Session) -> None:
        """Forgets everything once others can see what this session changes."""
        event.listen(session, "after_commit", lambda _session: self.forget(), once=True)
