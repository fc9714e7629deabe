"""A one-time link to an account: an invitation, or a new password for a user."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webhooks_ui.audit import Audited, as_it_is, record
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, new_row_id, now
from webhooks_ui.models.token import digest
from webhooks_ui.models.user import User

LIFETIME = timedelta(days=7)
MAILED_LIFETIME = timedelta(hours=1)


class AccountLink(Model):
    """Valid once, for a while: for a new user of `role`, or for the new password of `user`.

    Kept as a hash; `issue` alone knows its text.
    """

    __tablename__ = "account_links"
    __audited__: ClassVar[Audited] = Audited(
        "account_link",
        told={"role": as_it_is, "expires_at": as_it_is},
        id=lambda link: link.id,
        name=lambda link: link.user.login if link.user else "",
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True, default=new_row_id)
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
        if user:
            cls.end_all(user)
        return cls._add(LIFETIME, role=role, user=user, created_by=created_by)

    @classmethod
    def issue_by_mail(cls, user: User) -> str:
        """The same for a user who gets it by e-mail: anybody may ask for it, so others go on."""
        return cls._add(MAILED_LIFETIME, role=user.role, user=user)

    @classmethod
    def _add(cls, lifetime: timedelta, **facts: Any) -> str:
        db.session.execute(delete(cls).where(cls.expires_at <= now()))
        text = secrets.token_urlsafe(24)
        db.session.add(cls(token_hash=digest(text), expires_at=now() + lifetime, **facts))
        return text

    @classmethod
    def end_all(cls, user: User, *, but: int = 0) -> None:
        """Ends the links for a user's password, save the one with the id `but`."""
        db.session.execute(delete(cls).where(cls.user_id == user.id, cls.id != but))

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
