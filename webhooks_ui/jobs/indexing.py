"""Indexing: the words of new events and answers are added to the search index, behind intake.

It reads and splits outside of a transaction, writes in short ones, and rests after each for longer
than it wrote. While deliveries wait for a thread of the worker it does one batch a second: search
falls behind then, and says so.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from webhooks_ui.database.engine import end_read, transaction
from webhooks_ui.models import payload_index
from webhooks_ui.models.payload_index import Table
from webhooks_ui.models.row_gaps import RowGaps

BATCH, BATCHES = 50, 4  # rows of a transaction, transactions of a step
PAUSE = 1.0  # multiple of the time that a batch took


def job(
    *, is_on: bool, is_busy: Callable[[], bool] = lambda: False
) -> tuple[Callable[[datetime, datetime], bool], Callable[[], bool]]:
    """`is_due` and `step`: they index, or empty the index where search is off.

    `is_busy` tells whether deliveries wait for this process.
    """
    if is_on:
        tables = [(each, RowGaps(each.model.__tablename__)) for each in payload_index.TABLES]
        return _is_due, lambda: _step(tables, is_busy)
    return _has_rows, _empty


def _is_due(_moment: datetime, _done_at: datetime) -> bool:
    return payload_index.is_there() and bool(payload_index.behind())


def _step(tables: Sequence[tuple[Table, RowGaps]], is_busy: Callable[[], bool]) -> bool:
    """Indexes some batches of events and answers; returns whether to go on at once."""
    for _ in range(BATCHES):
        begun = time.monotonic()
        counts = [_index(*each) for each in tables]
        if BATCH not in counts or is_busy():
            return False
        time.sleep(min(PAUSE * (time.monotonic() - begun), 0.25))
    return True


def _index(table: Table, gaps: RowGaps) -> int:
    end_read()
    documents = table.pending(BATCH, gaps)
    if documents:
        with transaction():
            table.add(documents)
    return len(documents)


def _has_rows(_moment: datetime, _done_at: datetime) -> bool:
    return payload_index.is_there() and any(payload_index.positions())


def _empty() -> bool:
    with transaction():
        counts = [table.remove(BATCH) for table in payload_index.TABLES]
    return any(counts)
