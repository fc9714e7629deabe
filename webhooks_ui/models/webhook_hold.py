"""The columns by which a webhook as a whole waits: see `delivery.queue.holds`."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.types import Instant, partial_index


def index() -> Index:
    """From which the next hold to end is read."""
    return partial_index("ix_webhooks_held_until", "held_until", where="held_until IS NOT NULL")


class Holdable:
    """Nothing is claimed before `held_until`.

    `hold_reason` is ``limited`` (by the receiver), ``failing`` (it does not answer) or ``probing``
    (one attempt is under way). Of a paced webhook, which has no reason, `held_until` is when the
    next delivery may go: GCRA's theoretical arrival time.
    """

    held_until: Mapped[datetime | None] = mapped_column(Instant)
    hold_reason: Mapped[str | None] = mapped_column(String(10))
    send_interval_ms: Mapped[float | None]
    # The pace is learned from successes `counted` since then; `refused` and `unanswered` count
    # refusals without a success between them, and attempts without an answer.
    counted_since: Mapped[datetime | None] = mapped_column(Instant)
    counted: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    unanswered: Mapped[int] = mapped_column(default=0)

    def release_hold(self) -> None:
        """Forgets that it was held, and at which pace it was sent to."""
        self.held_until = self.hold_reason = self.send_interval_ms = self.counted_since = None
        self.counted = self.refused = self.unanswered = 0
