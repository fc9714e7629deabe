"""What other workers had under way and will not finish: it is made due again.

A holder that died is noticed within two seconds, as it holds its lock no more; a lease that names
no holder, or whose holder hangs, runs out.
"""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from math import inf
from time import monotonic

from webhooks_ui.database.engine import db
from webhooks_ui.delivery.queue import holders, releases

LOOK_EVERY = 0.5  # seconds between looks for holders that died
CONFIRM_AFTER = 1.1  # seconds in which a holder may come back that has only lost its session
EXPIRE_EVERY = 5.0  # seconds between checks for expired leases

log = logging.getLogger(__name__)


class Leases:
    """Looks now and then who holds them, within an app context; not thread-safe."""

    def __init__(
        self,
        longest_wait: timedelta,
        lease: timedelta,
        clock: Callable[[], float] = monotonic,
        before: int | None = None,
    ) -> None:
        self._longest_wait, self._lease, self._clock = longest_wait, lease, clock
        self._before = before  # a holder that has ended for certain
        self._looked_at = self._expired_at = -inf
        self._missing: set[int] = set()
        self._has_others = False  # who hold leases

    def run_once(self, own: int, moment: datetime) -> float:
        """Makes due again what nobody holds; in how many seconds to look again, or `inf`."""
        start = self._clock()
        if self._before:
            self._release({self._before}, moment)
            self._before = None
        if start - self._expired_at >= EXPIRE_EVERY:
            self._expired_at = start
            self._expire(moment)
        wait = self._looked_at + self._period - start
        if wait <= 0:
            self._looked_at, wait = start, self._release_dead(own, moment)
        return wait if self._has_others else inf

    def _release_dead(self, own: int, moment: datetime) -> float:
        connection = db.session.connection()
        others = releases.holders_of_leases(connection) - {own}
        missing = holders.dead(connection, others) if others else set[int]()
        if dead := missing if holders.is_certain(db.engine) else missing & self._missing:
            self._release(dead, moment)
        self._missing, self._has_others = missing - dead, bool(others)
        return self._period

    @property
    def _period(self) -> float:
        return CONFIRM_AFTER if self._missing else LOOK_EVERY

    def _release(self, dead: Collection[int], moment: datetime) -> None:
        if count := releases.release_held_by(dead, moment):
            log.warning("A worker died; the %s deliveries that it held are due again", count)

    def _expire(self, moment: datetime) -> None:
        if count := releases.release_expired(moment):
            log.warning("The leases of %s deliveries ran out; they are due again", count)
        if count := releases.pull_back(moment, self._longest_wait, self._lease):
            log.warning("%s deliveries were due later than any retry; they are due now", count)
