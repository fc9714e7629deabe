"""Bounds the log: each kind of line comes at a limited rate, and what is left out is counted.

A fault that repeats, such as a lack of file descriptors, or a flood of requests must not fill the
disk. A kind is a logger, a level and how the message begins; lines of requests differ by status and
by who asks too, so that a stranger's flood hides nobody else's.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_KINDS = 1000
REPORT_AFTER = 10.0  # seconds without a line of the kind
_SAME = 40  # characters by which messages are of one kind
_BY_FACTS = ("who", "status")
_Kind = tuple[object, ...]


@dataclass(slots=True)
class _Bucket:
    """Lines that may come at once, up to `burst`, and how many were left out since `last`."""

    tokens: float
    at: float
    left_out: int = 0
    last: logging.LogRecord | None = None


class LogRate:
    """Says which lines are written. Not thread-safe: a handler calls it under its lock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kinds: OrderedDict[_Kind, _Bucket] = OrderedDict()  # the last one used is last
        self._losing: dict[_Kind, _Bucket] = {}

    def filter(self, record: logging.LogRecord) -> list[logging.LogRecord]:
        """The record, after a report of what was left out before it; empty when it is left out."""
        kind, moment = _kind(record), self._clock()
        burst, rate = _limits(record)
        bucket = self._kinds.pop(kind, None) or _Bucket(burst, moment)
        self._kinds[kind] = bucket
        bucket.tokens = min(burst, bucket.tokens + (moment - bucket.at) * rate)
        bucket.at = moment
        if bucket.tokens < 1:
            bucket.left_out, bucket.last = bucket.left_out + 1, record
            self._losing[kind] = bucket
            return []
        bucket.tokens -= 1
        return [*self._reports(kind, moment), record]

    def close(self) -> list[logging.LogRecord]:
        """Reports of everything that was left out and not reported yet."""
        return [_report(self._losing.pop(kind)) for kind in list(self._losing)]

    def _reports(self, kind: _Kind, moment: float) -> Iterator[logging.LogRecord]:
        quiet = [k for k, b in self._losing.items() if k == kind or moment - b.at > REPORT_AFTER]
        for each in quiet:
            yield _report(self._losing.pop(each))
        while len(self._kinds) > MAX_KINDS:
            oldest, _ = self._kinds.popitem(last=False)
            if losing := self._losing.pop(oldest, None):
                yield _report(losing)


class BoundedHandler(logging.StreamHandler):  # type: ignore[type-arg]  # generic in stubs alone
    """Writes to standard error what `LogRate` leaves."""

    def __init__(self) -> None:
        super().__init__()
        self._rate = LogRate()

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a line, and before it how many were left out."""
        for line in self._rate.filter(record):
            super().emit(line)

    def close(self) -> None:
        """Reports what was left out to the end."""
        for line in self._rate.close():
            super().emit(line)
        super().close()


def _kind(record: logging.LogRecord) -> _Kind:
    facts = getattr(record, "facts", {})
    by_facts = tuple(str(facts.get(name, "")) for name in _BY_FACTS)
    return record.name, record.levelno, str(record.msg)[:_SAME], *by_facts


def _limits(record: logging.LogRecord) -> tuple[float, float]:
    """How many lines of this kind may come at once, and how many a second in the long run."""
    if record.exc_info:
        return 20, 1
    return (100, 5) if record.levelno >= logging.WARNING else (1000, 100)


def _report(bucket: _Bucket) -> logging.LogRecord:
    """How many lines were left out, with the last of them; its traceback is left out too."""
    last, count = bucket.last, bucket.left_out
    assert last is not None  # noqa: S101  # set with the first one left out
    bucket.left_out, bucket.last = 0, None
    report = logging.LogRecord(
        last.name, last.levelno, "", 0, "%s lines were left out, the last of them: %s", None, None
    )
    report.args = (count, last.getMessage())
    report.facts = {"left_out": count}
    return report
