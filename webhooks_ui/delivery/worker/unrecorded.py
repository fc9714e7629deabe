"""Results that wait to be recorded: many in one transaction, and not in the way of new claims."""

import time

from webhooks_ui.delivery.queue.claims import Result
from webhooks_ui.delivery.worker.senders import MANY

MAX_RECORDED = 100
# Seconds that a result waits for others to be recorded with. After a kill it would be sent again.
RECORD_AFTER = 0.1


class Unrecorded:
    """The results, in the order in which they came. Not thread-safe."""

    def __init__(self) -> None:
        self._results: list[Result] = []
        self._record_by, self._is_late = float("inf"), False

    def __len__(self) -> int:
        return len(self._results)

    @property
    def until(self) -> float:
        """When they are to be recorded, by `time.monotonic`."""
        return self._record_by if self._results else float("inf")

    def add(self, result: Result) -> None:
        """Adds one that has just come."""
        if not self._results:
            self._record_by = time.monotonic() + RECORD_AFTER
        self._results.append(result)

    def batch(self, *, claims: bool) -> list[Result]:
        """What the next turn records.

        Where it `claims` for a worker that has time, that goes first: what it claims is sent while
        the results are recorded. So no result waits for two claims beyond its time, nor one that
        may change what is claimed.
        """
        if claims and not self._is_late and self._change_nothing():
            self._is_late = time.monotonic() >= self._record_by
            return []
        self._is_late = False
        return self._results[:MAX_RECORDED]

    def forget(self, count: int) -> None:
        """Forgets the first ones, which are recorded."""
        del self._results[:count]

    def _change_nothing(self) -> bool:
        return len(self) < MANY and not any(one.attempt.error for one in self._results)
