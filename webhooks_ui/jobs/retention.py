"""What is past RETENTION is deleted: once a day by a worker, or by `webhooks-ui prune`.

It is done in short turns with a rest after each, in which others write, so that no delivery and no
event taken in waits for long.
"""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from webhooks_ui.database import vacuum
from webhooks_ui.database.types import now
from webhooks_ui.models import pruning

EVERY = timedelta(hours=24)
HOURS_KEPT = timedelta(days=8)  # health is shown for 7 days
KEYS_KEPT = timedelta(days=7)  # promised to senders: an event sent again is not taken in twice
FORGET_AFTER = 300.0  # seconds without a turn: another worker has gone on meanwhile
LEAST_REST, REST_SHARE = 0.02, 3  # seconds; and how many times as long as the turn took


def prune(retention: timedelta, moment: datetime) -> Iterator[Counter[str]]:
    """Deletes what is older than `retention`; after each short turn, how many rows went by table.

    What still waits is kept, whatever its age. At last the space is given back, told as `pages`.
    """
    before = moment - retention
    yield from pruning.events(before, moment)
    yield from pruning.keys(moment - max(retention, KEYS_KEPT))
    yield from pruning.hours(moment - max(retention, HOURS_KEPT))
    yield from pruning.states(before)
    yield from pruning.recoveries(before)
    yield from pruning.webhooks(before)
    yield from pruning.receivers(moment)
    for pages in vacuum.give_back():
        yield Counter(pages=pages)


def calmly(turns: Iterator[Counter[str]]) -> Iterator[Counter[str]]:
    """The same turns, with a rest after each that has written."""
    while True:
        started = time.monotonic()
        deleted = next(turns, None)
        if deleted is None:
            return
        if deleted:
            time.sleep(max(LEAST_REST, REST_SHARE * (time.monotonic() - started)))
        yield deleted


class DailyPruning:
    """The worker's chore: `is_due` once a day, then a turn with each `step`."""

    def __init__(self, retention: timedelta) -> None:
        self._retention = retention
        self._turns: Iterator[Counter[str]] = iter(())
        self._stepped_at = float("-inf")

    def is_due(self, moment: datetime, done_at: datetime) -> bool:
        """Whether a day has gone by since it was done."""
        return abs(moment - done_at) >= EVERY

    def step(self) -> bool:
        """A turn and its rest; whether there are more."""
        if time.monotonic() - self._stepped_at > FORGET_AFTER:
            self._turns = calmly(prune(self._retention, now()))
        more = next(self._turns, None) is not None
        self._stepped_at = time.monotonic() if more else float("-inf")
        return more
