"""Hourly counts, written with the outcomes; health is read from them, not from deliveries.

Pings are not counted. Hours begin at full hours of UTC.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model
from webhooks_ui.database.types import Instant, RowId, partial_index

DURATION_BOUNDS = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
"""Upper bounds in ms of the counts `took_0` … `took_10`; `took_11` counts what took longer."""
DURATIONS = tuple(f"took_{number}" for number in range(len(DURATION_BOUNDS) + 1))
COUNTED = (
    *("delivered", "given_up", "attempts", "failed_attempts", "first_attempts", "first_delivered"),
    *DURATIONS,
)
"""The columns with counts."""
HAS_FAILED = text("failed_attempts > 0")


class _Counts:
    """One hour's counts. `took_…` count attempts with a response, by their duration.

    `first_attempts` and `first_delivered` are 0 in hours from before they were counted.
    """

    delivered: Mapped[int] = mapped_column(default=0)
    given_up: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    failed_attempts: Mapped[int] = mapped_column(default=0)
    first_attempts: Mapped[int] = mapped_column(default=0)
    first_delivered: Mapped[int] = mapped_column(default=0)
    took_0: Mapped[int] = mapped_column(default=0)
    took_1: Mapped[int] = mapped_column(default=0)
    took_2: Mapped[int] = mapped_column(default=0)
    took_3: Mapped[int] = mapped_column(default=0)
    took_4: Mapped[int] = mapped_column(default=0)
    took_5: Mapped[int] = mapped_column(default=0)
    took_6: Mapped[int] = mapped_column(default=0)
    took_7: Mapped[int] = mapped_column(default=0)
    took_8: Mapped[int] = mapped_column(default=0)
    took_9: Mapped[int] = mapped_column(default=0)
    took_10: Mapped[int] = mapped_column(default=0)
    took_11: Mapped[int] = mapped_column(default=0)


class WebhookHour(_Counts, Model):
    """The counts of one webhook in one hour."""

    __tablename__ = "webhook_hours"
    __table_args__ = (
        partial_index("ix_webhook_hours_failed", "hour", "webhook_id", where=HAS_FAILED.text),
    )

    webhook_id: Mapped[int] = mapped_column(
        ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True
    )
    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)


class TotalHour(_Counts, Model):
    """The counts of all webhooks in one hour, in parts.

    Each process has a `part` of its own, so that workers do not wait for each other's row lock.
    """

    __tablename__ = "total_hours"

    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    part: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
