"""A recovery: sending again, in the background, what was not delivered in a span of time."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, case, func, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webhooks_ui.audit import Audited, as_it_is
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, now, partial_index
from webhooks_ui.models.bounded_count import MAX_COUNTED, count
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.public_ids import RECOVERY, Public, new_id
from webhooks_ui.models.webhook import Webhook

MAX_SETTLED = 10 * MAX_COUNTED  # counted in an index alone
MAX_SHARES = 100  # webhooks that are listed with what is theirs
RUNNING = text("status = 'running'")
_OPEN = ("pending", "delivering")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be recovered, by the filters of the list of deliveries; None does not filter.

    `missed` adds the events that came while the webhook was disabled. `left_out` are public ids of
    webhooks that get nothing of it.
    """

    webhook: str | None = None
    status: str | None = None
    type: str | None = None
    channel: str | None = None
    error: str | None = None
    missed: bool = False
    left_out: Sequence[str] = ()

    @property
    def statuses(self) -> tuple[str, ...]:
        """What counts as not delivered."""
        return (self.status,) if self.status in ("failed", "cancelled") else ("failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the deliveries of a recovery have come; `unmade` are still to be made.

    `delivered` and `failed` are counted up to `MAX_SETTLED`, the others up to `MAX_COUNTED`.
    `cancelled` ones were never attempted, `retrying` ones were, and are to be again.
    """

    delivered: int
    failed: int
    cancelled: int
    cancelled_later: int
    waiting: int
    retrying: int
    unmade: int

    @property
    def sent(self) -> int:
        """How many were attempted at least once."""
        return self.delivered + self.failed + self.cancelled_later + self.retrying

    @property
    def settled(self) -> int:
        """How many will not be attempted again."""
        return self.delivered + self.failed + self.cancelled + self.cancelled_later

    @property
    def under_way(self) -> int:
        """How many were made and are to be attempted, for the first time or again."""
        return self.waiting + self.retrying

    @property
    def left(self) -> int:
        """How many have no outcome yet."""
        return self.unmade + self.under_way

    @property
    def is_more(self) -> bool:
        """Whether some count reached its limit."""
        others = (self.cancelled, self.cancelled_later, self.waiting, self.retrying)
        return max(self.delivered, self.failed) >= MAX_SETTLED or max(others) >= MAX_COUNTED


@dataclass(frozen=True, slots=True)
class Share:
    """What of a recovery went to one webhook."""

    webhook: Webhook
    delivered: int
    failed: int
    cancelled: int
    under_way: int


class Recovery(Public, Model):
    """`status`: ``running``, ``stopped`` (by hand, or since its webhook is off) or ``finished``.

    It goes through the deliveries from the row `position` on up to `last_row`, then through the
    events that were missed. Of `total` it has sent `resent` and left `skipped`, which meanwhile
    need it no more or have nowhere to go.
    """

    __tablename__ = "recoveries"
    __audited__: ClassVar[Audited] = Audited(
        "recovery",
        told=dict.fromkeys(("chosen", "since", "until", "total"), as_it_is),
        silent=frozenset(("position", "resent", "skipped", "finished_at", "status", "reason")),
        name=lambda recovery: recovery.webhook.title if recovery.webhook else "",
    )
    __table_args__ = (
        Index(None, "webhook_id", "id"),
        partial_index("ix_recoveries_running", "id", where=RUNNING.text),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(
        String(40), unique=True, default=lambda: new_id(RECOVERY)
    )
    webhook_id: Mapped[int | None] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    chosen: Mapped[dict[str, Any]] = mapped_column(JSON)
    since: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant)
    total: Mapped[int]
    position: Mapped[int] = mapped_column(RowId, default=0)
    last_row: Mapped[int] = mapped_column(RowId)
    resent: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(10), default="running")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    # Why it stopped by itself: its webhook was ``disabled`` or ``deleted``.
    reason: Mapped[str | None] = mapped_column(String(10))

    webhook: Mapped[Webhook | None] = relationship()

    @property
    def choice(self) -> Choice:
        return Choice(**self.chosen)

    @choice.setter
    def choice(self, choice: Choice) -> None:
        self.chosen = asdict(choice)

    @property
    def known_total(self) -> int:
        """How many it is to send, as far as known: `total` was counted before it began."""
        return self.resent if self.status == "finished" else max(self.total, self.resent)

    @property
    def is_open_ended(self) -> bool:
        """Whether there may be more than its total, which was counted up to a limit."""
        return self.status == "running" and self.total >= MAX_COUNTED

    def progress(self) -> Progress:
        """How far it has come."""
        attempted = Delivery.attempts_made > 0
        return Progress(
            delivered=self._count(("succeeded",), limit=MAX_SETTLED),
            failed=self._count(("failed",), limit=MAX_SETTLED),
            cancelled=self._count(("cancelled",), ~attempted),
            cancelled_later=self._count(("cancelled",), attempted),
            waiting=self._count(_OPEN, ~attempted),
            retrying=self._count(_OPEN, attempted),
            unmade=self.known_total - self.resent if self.status == "running" else 0,
        )

    def _count(
        self, statuses: Sequence[str], *others: ColumnElement[bool], limit: int = MAX_COUNTED
    ) -> int:
        own = select(Delivery.id).where(
            Delivery.recovery_id == self.id, Delivery.status.in_(statuses), *others
        )
        return count(own, limit)

    def shares(self) -> list[Share]:
        """What went to each webhook, most first; nothing for one webhook alone, or above
        `MAX_COUNTED` deliveries."""
        if self.webhook_id is not None or self.resent > MAX_COUNTED:
            return []
        of_statuses = [
            func.count(case((Delivery.status.in_(statuses), 1)))
            for statuses in (("succeeded",), ("failed",), ("cancelled",), _OPEN)
        ]
        own = select(Webhook, *of_statuses).join(Delivery, Delivery.webhook_id == Webhook.id)
        own = own.where(Delivery.recovery_id == self.id).group_by(Webhook.id)
        rows = db.session.execute(own.order_by(func.count().desc(), Webhook.id).limit(MAX_SHARES))
        return [Share(webhook, *counts) for webhook, *counts in rows]

    @classmethod
    def of(cls, delivery: Delivery) -> Self | None:
        """The recovery that made this delivery, if there is one that is still kept."""
        return db.session.get(cls, delivery.recovery_id) if delivery.recovery_id else None

    @classmethod
    def running_for(cls, webhook_id: int | None) -> Self | None:
        """The one that runs for this webhook; with None, for a filter over several."""
        return db.session.scalar(select(cls).where(RUNNING, cls.webhook_id == webhook_id))

    @classmethod
    def latest(cls, webhook_id: int | None) -> Sequence[Self]:
        """The latest ones for a webhook, or for filters over several, the newest first."""
        own = select(cls).where(cls.webhook_id == webhook_id)
        return db.session.scalars(own.order_by(cls.id.desc()).limit(5)).all()
