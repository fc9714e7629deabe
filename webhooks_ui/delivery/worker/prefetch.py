"""How far ahead a worker claims: enough that no thread is idle during a turn, and no more.

What is claimed ahead waits in memory, where nobody else can send it; so it is as much as was sent
lately in the time that some turns take, and nothing for receivers that are slow. Large events are
claimed fewer at once.
"""

from collections.abc import Callable, Iterable
from time import monotonic

DEEPEST = 2  # jobs for each thread that may wait
AHEAD = 0.05  # seconds of work that wait
MEASURED_OVER = 0.2  # seconds
MAX_BYTES = 16_000_000  # of events read at once, as far as the last ones tell


class Pace:
    """The pace of one worker with so many threads."""

    def __init__(self, concurrency: int, clock: Callable[[], float] = monotonic) -> None:
        self.concurrency = concurrency
        self._clock = clock
        self._since, self._count = clock(), 0
        self._ahead = 0
        self._at_once = concurrency * (1 + DEEPEST)

    def record_sent(self, count: int) -> None:
        """So many have been sent since the last call."""
        self._count += count
        seconds = self._clock() - self._since
        if seconds >= MEASURED_OVER:
            wanted = int(self._count / seconds * AHEAD)
            self._ahead = min(wanted, DEEPEST * self.concurrency)
            self._since, self._count = self._clock(), 0

    def record_sizes(self, sizes: Iterable[int]) -> None:
        """Events of these sizes, in bytes, have just been read."""
        if largest := max(sizes, default=0):
            self._at_once = max(MAX_BYTES // largest, 1)

    def room(self, under_way: int) -> int:
        """How many more may be claimed now."""
        return max(min(self.concurrency + self._ahead - under_way, self._at_once), 0)

    @property
    def few(self) -> int:
        """With so many left that wait, it is time to claim more."""
        return self._ahead // 2
