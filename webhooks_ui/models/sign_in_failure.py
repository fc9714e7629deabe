"""Failed sign-ins, which throttle further ones."""

from datetime import datetime

from sqlalchemy import Index, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, now


class SignInFailure(Model):
    """A failed sign-in; enough of them within the window and more are refused for a while.

    Kept as fingerprints: people type passwords into the login field.
    """

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    login: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(45))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)

    @classmethod
    def oldest_of_last(
        cls, count: int, since: datetime, *, login: str | None = None, address: str | None = None
    ) -> datetime | None:
        """When the `count`-th newest failure since `since` happened; None when there were fewer."""
        query = select(cls.created_at).where(cls.created_at > since)
        if login is not None:
            query = query.where(cls.login == login)
        if address is not None:
            query = query.where(cls.address == address)
        return db.session.scalar(query.order_by(cls.created_at.desc()).offset(count - 1).limit(1))

    @classmethod
    def forget(cls, before: datetime, after: datetime) -> None:
        """Removes failures that no longer count, and those that a wrong clock dated ahead."""
        db.session.execute(delete(cls).where((cls.created_at <= before) | (cls.created_at > after)))

    @classmethod
    def clear(cls, login: str, address: str) -> None:
        """Removes the failures of this login at this address."""
        db.session.execute(delete(cls).where(cls.login == login, cls.address == address))
