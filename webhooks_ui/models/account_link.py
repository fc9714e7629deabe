"""A one-time link to an account: an invitation, or a new password for a user."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Self

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webhooks_ui.audit import Audited, as_it_is, record
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, now
from webhooks_ui.models.token import digest
from webhooks_ui.models.user import User

LIFETIME = timedelta(days=7)


class AccountLink(Model):
    """Valid once, for `LIFETIME`: for a new user of `role`, or for the new password of `user`.

    Kept as a hash; `issue` alone knows its text.
    """

    __tablename__ = "account_links"
    __audited__: ClassVar[Audited] = Audited(
        "account_link",
        told={"role": as_it_is, "expires_at": as_it_is},
        id=lambda link: link.id,
        name=lambda link: link.user.login if link.user else "",
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    role: Mapped[str] = mapped_column(String(20))
    created_by: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expires_at: Mapped[datetime] = mapped_column(Instant)

    user: Mapped[User | None] = relationship(lazy="joined")

    @classmethod
    def issue(cls, role: str, *, user: User | None = None, created_by: str | None = None) -> str:
        """Adds a link to the session and returns its text; a user's earlier links end."""
        db.session.execute(delete(cls).where(cls.expires_at <= now()))
        if user:
            db.session.execute(delete(cls).where(cls.user_id == user.id))
        text = secrets.token_urlsafe(24)
        link = cls(token_hash=digest(text), role=role, user=user, created_by=created_by)
        link.expires_at = now() + LIFETIME
        db.session.add(link)
        return text

    @classmethod
    def find(cls, text: str) -> Self | None:
        """The valid link of this text, if there is one."""
        valid = select(cls).where(cls.token_hash == digest(text), cls.expires_at > now())
        return db.session.scalar(valid)

    @classmethod
    def invitations(cls) -> Sequence[Self]:
        """The invitations that can still be accepted, the newest first."""
        open_ones = select(cls).where(cls.user_id.is_(None), cls.expires_at > now())
        return db.session.scalars(open_ones.order_by(cls.id.desc())).all()

    @classmethod
    def withdraw(cls, link_id: int) -> None:
        """Ends a link; nothing happens when it has ended already."""
        gone = delete(cls).where(cls.id == link_id).returning(cls.id)
        if db.session.scalar(gone) is not None:
            record("account_link.withdrawn", "account_link", link_id)
