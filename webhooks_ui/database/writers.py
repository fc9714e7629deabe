"""Which threads of this process may wait to write while the database lets nobody.

A lock that another process holds, or a disk that hangs, would otherwise tie up every thread of the
server, and nobody could even read. So once no transaction has succeeded for `PATIENCE` although one
waits, `FEW` wait on, and everybody else is refused at once. Requests whose sender does not try
again are refused after `LONGER`, and `MORE` of them wait on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic

from sqlalchemy.exc import OperationalError

FEW = 3
MORE = 6  # of the eight threads of other WSGI servers, so that two can read
PATIENCE = 1.0  # seconds without progress after which the database is stuck
LONGER = 4.0  # the same for those that are lost when they are refused; Chatwoot waits for 5
REMEMBERED = 5.0  # seconds for which it is taken to be stuck after a failure


class StuckError(OperationalError):
    """Too many wait already for a database that lets nobody write."""

    def __init__(self) -> None:
        reason = "it lets nobody write, and too many requests wait for it already"
        super().__init__("BEGIN", None, Exception(reason), hide_parameters=True)


class Writers:
    """The transactions that are under way in this process, oldest first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._since: dict[object, float] = {}
        self._patient: set[object] = set()
        self._ended_well = self._failed = 0.0

    @contextmanager
    def admitted(self, *, patient: bool = False) -> Iterator[object]:
        """Around a transaction; gives what `has_to_give_up` is asked with. Raises `StuckError`.

        `patient` is what is lost when it is refused.
        """
        one, moment = object(), monotonic()
        with self._lock:
            if patient:
                self._patient.add(one)
            self._since[one] = moment
            if self._is_refused(one, moment):
                self._forget(one)
                raise StuckError
        try:
            yield one
        except OperationalError:
            self._failed = monotonic()
            raise
        else:
            self._ended_well = monotonic()
        finally:
            with self._lock:
                self._forget(one)

    def has_to_give_up(self, one: object) -> bool:
        """Whether the database is stuck and too many have waited for it longer than this one."""
        with self._lock:
            return self._is_refused(one, monotonic())

    def _is_refused(self, one: object, moment: float) -> bool:
        most, patience = (MORE, LONGER) if one in self._patient else (FEW, PATIENCE)
        return list(self._since).index(one) >= most and self._is_stuck(moment, patience)

    def _is_stuck(self, moment: float, patience: float) -> bool:
        oldest = next(iter(self._since.values()))
        if self._failed > self._ended_well and moment - self._failed < REMEMBERED:
            return True
        return moment - max(oldest, self._ended_well) > patience

    def _forget(self, one: object) -> None:
        del self._since[one]
        self._patient.discard(one)
