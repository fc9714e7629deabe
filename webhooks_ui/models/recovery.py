"""A recovery: sending again, in the background, what was not delivered in a span of time."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from sqlalchemy import JSON, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webhooks_ui.audit import Audited, as_it_is
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, now
from webhooks_ui.models.bounded_count import MAX_COUNTED, count
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.public_ids import RECOVERY, new_id
from webhooks_ui.models.webhook import Webhook

MAX_MADE = 2 * MAX_COUNTED  # deliveries: undelivered ones and events that were missed
RUNNING = text("status = 'running'")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be recovered, by the filters of the list of deliveries; None does not filter.

    `missed` adds the events that came while the webhook was disabled.
    """

    webhook: str | None = None
    status: str | None = None
    type: str | None = None
    channel: str | None = None
    error: str | None = None
    missed: bool = False

    @property
    def statuses(self) -> tuple[str, ...]:
        """What counts as not delivered."""
        return (self.status,) if self.status in ("failed", "cancelled") else ("failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Progress:
    """The outcomes of the deliveries that a recovery has made so far.

    Each is counted up to `MAX_MADE`.
    """

    delivered: int
    failed: int
    cancelled: int
    under_way: int

    @property
    def settled(self) -> int:
        """How many will not be attempted again."""
        return self.delivered + self.failed + self.cancelled


class Recovery(Model):
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
        Index("ix_recoveries_running", "id", sqlite_where=RUNNING, postgresql_where=RUNNING),
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
        """Its filters."""
        return Choice(**self.chosen)

    @choice.setter
    def choice(self, choice: Choice) -> None:
        self.chosen = asdict(choice)

    @property
    def known_total(self) -> int:
        """How many it is to send, as far as known: `total` was counted before it began."""
        return self.resent if self.status == "finished" else max(self.total, self.resent)

    def progress(self) -> Progress:
        """The outcomes of what it has sent."""
        return Progress(
            delivered=self._count("succeeded"),
            failed=self._count("failed"),
            cancelled=self._count("cancelled"),
            under_way=self._count("pending") + self._count("delivering"),
        )

    def _count(self, status: str) -> int:
        own = select(Delivery.id).where(Delivery.recovery_id == self.id, Delivery.status == status)
        return count(own, MAX_MADE)

    @classmethod
    def by_public_id(cls, public_id: str) -> Self | None:
        """The recovery of this public id, if there is one."""
        return db.session.scalar(select(cls).where(cls.public_id == public_id))

    @classmethod
    def of(cls, delivery: Delivery) -> Self | None:
        """The recovery that made this delivery, if there is one that is still kept."""
        return db.session.get(cls, delivery.recovery_id) if delivery.recovery_id else None

    @classmethod
    def running_for(cls, webhook_id: int | None) -> Self | None:
        """The one that runs for this webhook; with None, for a filter over several."""
        own = cls.webhook_id.is_(None) if webhook_id is None else cls.webhook_id == webhook_id
        return db.session.scalar(select(cls).where(RUNNING, own))

    @classmethod
    def latest(cls, webhook_id: int | None, limit: int = 5) -> Sequence[Self]:
        """The latest ones for a webhook, or for filters over several, the newest first."""
        own = cls.webhook_id.is_(None) if webhook_id is None else cls.webhook_id == webhook_id
        return db.session.scalars(select(cls).where(own).order_by(cls.id.desc()).limit(limit)).all()
