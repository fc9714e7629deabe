"""Counts by hour and day, written with the outcomes: health is read from them, not from deliveries.

Tests are not counted. Hours begin at full hours of UTC.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model
from webhooks_ui.database.types import Instant, RowId

DURATION_BOUNDS = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
"""Upper bounds in ms of the counts `took_0` … `took_10`; `took_11` counts what took longer."""


SUMMED = ("delivered", "given_up", "attempts", "failed_attempts")
COUNTED = (*SUMMED, *(f"took_{number}" for number in range(len(DURATION_BOUNDS) + 1)))
"""The counts by name: the sums, then how many attempts took how long."""


class _Counts:
    """What happened in one hour. `took_…` count attempts that got an answer, by their duration."""

    delivered: Mapped[int] = mapped_column(default=0)
    given_up: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    failed_attempts: Mapped[int] = mapped_column(default=0)
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

    webhook_id: Mapped[int] = mapped_column(
        ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True
    )
    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)


class WebhookDay(_Counts, Model):
    """The counts of one webhook in one day of UTC: a week is read from eight rows, not from 168."""

    __tablename__ = "webhook_days"

    webhook_id: Mapped[int] = mapped_column(
        ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[datetime] = mapped_column(Instant, primary_key=True)


class WebhookPast(Model):
    """What the hours before `hour` said of a webhook, added up: one row is read instead of some
    forty, each of which stands somewhere else. `counts` are those of `fares.Fares`."""

    __tablename__ = "webhook_pasts"

    webhook_id: Mapped[int] = mapped_column(
        ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    hour: Mapped[datetime] = mapped_column(Instant)
    counts: Mapped[list[Any]] = mapped_column(JSON)


class TotalHour(_Counts, Model):
    """The counts of all webhooks in one hour, in parts.

    Each recorder has a `part` of its own, so that several workers do not wait for one row.
    """

    __tablename__ = "total_hours"

    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    part: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
