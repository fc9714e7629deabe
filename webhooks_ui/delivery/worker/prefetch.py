"""How many jobs a worker prefetches: enough to keep its threads busy during a turn, and no more.

No other worker can send what is prefetched, so it is limited to what was lately sent in the time
of a few turns: nothing for slow receivers. Of large events fewer are claimed at once.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from time import monotonic

MAX_PER_THREAD = 2  # jobs
PREFETCH = 0.05  # seconds of work
MEASURED_OVER = 0.2  # seconds
MAX_BYTES = 16_000_000  # of events read at once, estimated by the largest of the last ones


def longest(timeout: float) -> timedelta:
    """Until what is sent last of all that was claimed has ended, should everything hang."""
    return (MAX_PER_THREAD + 1) * timedelta(seconds=timeout)


class Pace:
    """The prefetch of one worker with `concurrency` threads."""

    def __init__(self, concurrency: int, clock: Callable[[], float] = monotonic) -> None:
        self.concurrency = concurrency
        self._clock = clock
        self._since, self._count = clock(), 0
        self._ahead = 0
        self._at_once = concurrency * (1 + MAX_PER_THREAD)

    def record_sent(self, count: int) -> None:
        """`count` deliveries were sent since the last call."""
        self._count += count
        seconds = self._clock() - self._since
        if seconds >= MEASURED_OVER:
            wanted = int(self._count / seconds * PREFETCH)
            self._ahead = min(wanted, MAX_PER_THREAD * self.concurrency)
            self._since, self._count = self._clock(), 0

    def record_sizes(self, sizes: Iterable[int]) -> None:
        """Events of these sizes, in bytes, were just read."""
        if largest := max(sizes, default=0):
            self._at_once = max(MAX_BYTES // largest, 1)

    def room(self, in_flight: int) -> int:
        """How many more may be claimed now."""
        return max(min(self.concurrency + self._ahead - in_flight, self._at_once), 0)

    @property
    def low_water(self) -> int:
        """When no more jobs than this wait, it is time to claim more."""
        return self._ahead // 2
