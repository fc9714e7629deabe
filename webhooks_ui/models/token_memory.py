"""Remembers tokens for a moment, so that not every event costs a look into the database.

A token that is revoked in this process is forgotten with that commit; one that another process has
revoked is known for `KEPT` seconds more at most.
"""

from collections.abc import Callable
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import NamedTuple

from sqlalchemy import event
from sqlalchemy.orm import Session

KEPT = 0.9  # seconds
MOST = 1_000


class KnownToken(NamedTuple):
    """What is remembered of a token; its text is not."""

    id: int
    public_id: str
    scope: str
    expires_at: datetime | None
    last_used_at: datetime | None


class Memory:
    """Tokens by the hash of their text; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, tuple[float, KnownToken]] = {}
        self._version = 0

    def recall(
        self, token_hash: str, look_up: Callable[[], KnownToken | None]
    ) -> KnownToken | None:
        """The token, from memory or as `look_up` finds it; unknown ones are not remembered."""
        until, token = self._known.get(token_hash, (0.0, None))
        if token is not None and monotonic() < until:
            return token
        begun, version = monotonic(), self._version
        token = look_up()
        with self._lock:
            if token is not None and version == self._version:
                if len(self._known) >= MOST:
                    self._known.clear()
                self._known[token_hash] = begun + KEPT, token
        return token

    def forget(self) -> None:
        """Forgets every token, also those that are being looked up."""
        with self._lock:
            self._version += 1
            self._known.clear()

    def forget_after_commit(self, session: Session) -> None:
        """Forgets them once others can see what this session changes."""
        event.listen(session, "after_commit", lambda _session: self.forget(), once=True)
