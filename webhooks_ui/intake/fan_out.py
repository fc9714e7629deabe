"""Makes the deliveries of an event for very many webhooks, in parts.

The event is committed with a row that orders them (`models.FanOut`). From then on it is promised:
whoever took it in makes the deliveries before it answers, and if that process dies, a worker's job
goes on where it stopped. Nobody else waits for longer than for one part.
"""

import json
import logging
import time
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from webhooks_ui.database.driver import in_our_terms, reason_of
from webhooks_ui.database.engine import REFUSED, db, is_sqlite, transaction
from webhooks_ui.delivery.queue import wakeup
from webhooks_ui.intake import statements
from webhooks_ui.models import FanOut

PAUSE = 0.001  # seconds between two parts: whoever waits for the lock takes it
HELD = 0.03  # seconds for which a part is to hold that lock
LARGEST = 8 * statements.PART  # deliveries of a part

log = logging.getLogger(__name__)
# The webhooks of a part are found first, so that the part costs the same wherever it begins.
_LAST = text(
    "SELECT max(webhook_id) FROM (SELECT webhook_id FROM webhook_events"
    " WHERE type = (SELECT type FROM events WHERE id = :event) AND webhook_id > :after"
    " ORDER BY webhook_id LIMIT :most) AS part"
)


def complete(event_id: int) -> None:
    """Makes the deliveries that are still to be made; what fails is left to the job."""
    others_wait = is_sqlite()  # PostgreSQL has many writers at a time
    most = statements.PART if others_wait else LARGEST
    try:
        while held := _make_part(event_id, most):
            wakeup.wake_workers()
            if others_wait:
                most = next_size(most, held)
                time.sleep(PAUSE)
    except REFUSED as error:
        log.warning("The deliveries of an event follow later: %s", reason_of(error))


def next_size(most: int, held: float) -> int:
    """Of the part after one of `most` deliveries that took so many seconds.

    A part has a cost of its own, as that of the disk: so parts are as large as others can wait for.
    """
    wanted = int(most * HELD / held)
    return min(max(wanted, statements.PART), 2 * most, LARGEST)


def is_due(_moment: datetime, _done_at: datetime) -> bool:
    """Whether a fan-out is under way, here or in a process that may have died."""
    return db.session.scalar(select(FanOut.event_id).limit(1)) is not None


def step() -> bool:
    """Makes a part of the oldest fan-out; returns whether there may be more."""
    event_id = db.session.scalar(select(FanOut.event_id).order_by(FanOut.event_id).limit(1))
    if event_id is not None:
        _make_part(event_id, statements.PART)
        wakeup.wake_workers()
    return event_id is not None


def _make_part(event_id: int, most: int) -> float:
    """One transaction; the seconds until its commit, 0 where there is nothing more to do.

    Another process may do a part meanwhile.
    """
    with transaction():
        begun = time.perf_counter()
        own = select(FanOut).where(FanOut.event_id == event_id).with_for_update()
        order = db.session.scalar(own)
        if order is None:
            return 0.0
        given = {"event": event_id, "after": order.made_to, "most": most}
        last = db.session.scalar(_LAST, given)
        if last is None:
            db.session.delete(order)
            return 0.0
        connection = db.session.connection()
        with in_our_terms(connection.dialect):
            driver: Any = connection.connection.driver_connection
            row = (event_id, order.made_to, last, json.dumps(order.left_out))
            driver.execute(statements.part(connection.dialect), row)
        order.made_to = last
        db.session.flush()
        return time.perf_counter() - begun
