"""What other workers had under way and will not finish: it is made due again.

A holder that died is noticed within two seconds, as it holds its lock no more; a lease that names
no holder, or whose holder hangs, runs out.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from math import inf
from time import monotonic

from webhooks_ui.database.engine import db
from webhooks_ui.delivery.queue import holders, turns

LOOK_EVERY = 0.5  # seconds between looks for holders that died
CONFIRM_AFTER = 1.1  # seconds in which a holder may come back that has only lost its session
EXPIRE_EVERY = 5.0  # seconds between checks for expired leases

log = logging.getLogger(__name__)


class Leases:
    """Looks now and then, within an app context; not thread-safe."""

    def __init__(
        self, longest_wait: timedelta, lease: timedelta, clock: Callable[[], float] = monotonic
    ) -> None:
        self._longest_wait, self._lease, self._clock = longest_wait, lease, clock
        self._looked_at = self._expired_at = -inf
        self._missing: set[int] = set()

    def look(self, own: int, moment: datetime) -> float:
        """Makes due again what nobody holds; in how many seconds to look anew, or `inf`."""
        start = self._clock()
        if start - self._expired_at >= EXPIRE_EVERY:
            self._expired_at = start
            self._expire(moment)
        wait = self._looked_at + (CONFIRM_AFTER if self._missing else LOOK_EVERY) - start
        if wait > 0:
            return wait if self._missing else inf
        self._looked_at = start
        missing = self._find_missing(own)
        if dead := missing if holders.is_certain(db.engine) else missing & self._missing:
            count = turns.release_held_by(dead, moment)
            log.warning("A worker died; the %s deliveries that it held are due again", count)
        self._missing = missing - dead
        return CONFIRM_AFTER if self._missing else inf

    def _find_missing(self, own: int) -> set[int]:
        connection = db.session.connection()
        others = turns.holders_of_leases(connection) - {own}
        return holders.dead(connection, others) if others else set()

    def _expire(self, moment: datetime) -> None:
        if count := turns.release_expired(moment):
            log.warning("The leases of %s deliveries ran out; they are due again", count)
        if count := turns.pull_back(moment, self._longest_wait, self._lease):
            log.warning("%s deliveries were due later than any retry; they are due now", count)
