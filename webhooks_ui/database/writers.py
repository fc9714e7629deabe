"""Which threads of this process may wait to write while the database lets nobody.

A lock that another process holds, or a disk that stands still, would else collect all threads of a
server, and nobody could even read. So once no transaction has ended well for `PATIENCE` although
one waits, `FEW` wait on, and everybody else is refused at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic

from sqlalchemy.exc import OperationalError

FEW = 3
PATIENCE = 1.0  # seconds without progress after which the database is stuck
REMEMBERED = 5.0  # seconds for which it is taken to be stuck after a failure


class StuckError(OperationalError):
    """Too many wait already for a database that lets nobody write."""

    def __init__(self) -> None:
        reason = f"it lets nobody write, and {FEW} requests wait for it already"
        super().__init__("BEGIN", None, Exception(reason), hide_parameters=True)


class Writers:
    """The transactions that are under way in this process, oldest first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._since: dict[object, float] = {}
        self._ended_well = self._failed = 0.0

    @contextmanager
    def admitted(self) -> Iterator[object]:
        """Around a transaction; gives what `has_to_give_up` is asked with. Raises `StuckError`."""
        one, moment = object(), monotonic()
        with self._lock:
            if len(self._since) >= FEW and self._is_stuck(moment):
                raise StuckError
            self._since[one] = moment
        try:
            yield one
        except OperationalError:
            self._failed = monotonic()
            raise
        else:
            self._ended_well = monotonic()
        finally:
            with self._lock:
                del self._since[one]

    def has_to_give_up(self, one: object) -> bool:
        """Whether the database is stuck and `FEW` have waited for it longer than this one."""
        with self._lock:
            return list(self._since).index(one) >= FEW and self._is_stuck(monotonic())

    def _is_stuck(self, moment: float) -> bool:
        oldest = next(iter(self._since.values()), moment)
        if self._failed > self._ended_well and moment - self._failed < REMEMBERED:
            return True
        return moment - max(oldest, self._ended_well) > PATIENCE
