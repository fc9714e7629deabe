"""A recovery: sending again, in the background, what was not delivered in a span of time."""

from datetime import datetime
from typing import Any, Self

from sqlalchemy import JSON, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database import Instant, Model, RowId, db, now
from webhooks_ui.ids import RECOVERY, new_id

_RUNNING = text("status = 'running'")


class Recovery(Model):
    """`status`: ``running``, ``stopped`` (by hand) or ``finished``.

    `chosen` is what narrows it, as a deliveries' list has it in its URL. It has gone through the
    deliveries up to the row `position`; of `total` it has sent `resent` again and `skipped` the
    others.
    """

    __tablename__ = "recoveries"
    __table_args__ = (
        Index(None, "webhook_id", "id"),
        Index("ix_recoveries_running", "id", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
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
    resent: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(10), default="running")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)

    @classmethod
    def by_public_id(cls, public_id: str) -> Self | None:
        """The recovery of this public id, if there is one."""
        return db.session.scalar(select(cls).where(cls.public_id == public_id))
