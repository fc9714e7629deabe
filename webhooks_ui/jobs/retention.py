"""Retention: what is older than RETENTION is deleted, once a day or by `webhooks-ui prune`.

Rows go in short transactions with a pause after each, in which others can write, so that neither
deliveries nor intake wait for long.
"""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from webhooks_ui import audit
from webhooks_ui.database import vacuum
from webhooks_ui.database.types import now
from webhooks_ui.models import deleted_webhooks, partitions, pruning

EVERY = timedelta(hours=24)
AUDIT_KEPT = timedelta(days=365)
HOURS_KEPT = timedelta(days=31)  # the longest chart has 30 days, today included
KEYS_KEPT = timedelta(days=7)  # promised to senders: how long a repeated event is recognised
RESTART_AFTER = 300.0  # seconds without a step: another worker has had the job meanwhile
DROP_TRIES, DROP_WAIT = 60, 0.5  # seconds between: a backup reads every table to its end
MIN_PAUSE, PAUSE_RATIO = 0.02, 3  # seconds; and the pause's length as a multiple of the work's


def prune(
    retention: timedelta,
    moment: datetime,
    *,
    audit_retention: timedelta = AUDIT_KEPT,
    in_whole: bool = False,
) -> Iterator[Counter[str]]:
    """Deletes what is older than `retention`; yields the deleted rows by table, per transaction.

    Deliveries that have not ended are kept, whatever their age. At the end SQLite's free space is
    given back, yielded as `pages`. `in_whole`: events of PostgreSQL's next partition may wait until
    all of it can go.
    """
    before = moment - retention
    partitions.move_on(moment, retention)
    yield from _log(partitions.in_whole(before, retention) if in_whole else before, moment)
    yield from pruning.keys(moment - max(retention, KEYS_KEPT))
    yield from pruning.hours(moment - max(retention, HOURS_KEPT))
    yield from pruning.states(before)
    yield from pruning.recoveries(before)
    yield from pruning.secrets(moment - deleted_webhooks.KEPT)
    yield from pruning.webhooks(moment - deleted_webhooks.KEPT)
    yield from pruning.receivers(moment)
    yield from pruning.source_requests(before)
    yield from pruning.audit_entries(moment - audit_retention)
    for pages in vacuum.give_back():
        yield Counter(pages=pages)


def _log(before: datetime, moment: datetime) -> Iterator[Counter[str]]:
    """Events and deliveries, and what these leave behind: in partitions, where there are any."""
    end = partitions.end_before(before)
    yield from pruning.events(before, moment, end)
    for _ in range(DROP_TRIES if end else 0):
        if (dropped := partitions.drop(end)) is not None:
            yield +Counter(partitions=dropped)
            break
        time.sleep(DROP_WAIT)
        yield Counter()
    # Of those that others have kept in use, or have to keep for what is left of them.
    yield from pruning.left_behind(end)


def with_pauses(turns: Iterator[Counter[str]]) -> Iterator[Counter[str]]:
    """Yields the same, pausing after each turn that has written."""
    while True:
        started = time.monotonic()
        deleted = next(turns, None)
        if deleted is None:
            return
        if deleted:
            time.sleep(max(MIN_PAUSE, PAUSE_RATIO * (time.monotonic() - started)))
        yield deleted


class DailyPruning:
    """The job: due once a day; each `step` is one transaction and its pause."""

    def __init__(self, retention: timedelta, audit_retention: timedelta = AUDIT_KEPT) -> None:
        self._retention, self._audit_retention = retention, audit_retention
        self._deleted = Counter[str]()
        self._turns: Iterator[Counter[str]] = iter(())
        self._stepped_at = float("-inf")

    def is_due(self, moment: datetime, done_at: datetime) -> bool:
        """Whether it last completed a day ago or earlier."""
        return abs(moment - done_at) >= EVERY

    def step(self) -> bool:
        """Deletes some rows and pauses; returns whether there are more."""
        if time.monotonic() - self._stepped_at > RESTART_AFTER:
            kept = self._retention, now()
            turns = prune(*kept, audit_retention=self._audit_retention, in_whole=True)
            self._turns = with_pauses(turns)
        self._stepped_at = float("-inf")  # an error ends the iterator: the next step begins again
        if (turn := next(self._turns, None)) is not None:
            self._deleted += turn
            self._stepped_at = time.monotonic()
        elif self._deleted:
            audit.record("database.pruned", details=self._deleted)
            self._deleted.clear()
        return turn is not None
