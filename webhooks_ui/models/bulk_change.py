"""What was done to several webhooks at once: for its undo and its progress."""

from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import JSON, ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, now
from webhooks_ui.models.public_ids import BULK, new_id

KEPT = timedelta(days=1)


class BulkChange(Model):
    """`items` has a member for each webhook that it changed, or sent something to.

    Of a change: the row `webhook`, its `version` since, and `before`, what is to be restored. Of a
    test or a recovery: `webhook`, and `made`, the public id of the delivery or the recovery; null
    where none was made.
    """

    __tablename__ = "bulk_changes"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True, default=lambda: new_id(BULK))
    action: Mapped[str] = mapped_column(String(20))
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    undone_at: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def can_be_undone(self) -> bool:
        """Whether it changed something and that was not taken back."""
        return bool(self.items) and "before" in self.items[0] and self.undone_at is None

    @classmethod
    def by_public_id(cls, public_id: str) -> Self | None:
        """The one of this public id, for `KEPT`."""
        recent = cls.created_at > now() - KEPT
        return db.session.scalar(select(cls).where(cls.public_id == public_id, recent))

    @classmethod
    def keep(cls, one: Self) -> None:
        """Adds one, and deletes those older than `KEPT`; within the caller's transaction."""
        db.session.execute(delete(cls).where(cls.created_at <= now() - KEPT))
        db.session.add(one)
