"""An API token: shown once when made, kept as a hash."""

import hashlib
import secrets
from datetime import datetime
from typing import Self

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, now

SCOPES = ("events", "admin")


def digest(token: str) -> str:
    """What is kept of a token. It holds 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


class Token(Model):
    """The right to use the API, within `scope`: ``events`` (send events in) or ``admin`` (all)."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    scope: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)

    @classmethod
    def issue(cls, name: str, scope: str) -> str:
        """Adds a token to the session and returns its text, which is nowhere to be had again."""
        text = f"whui_{secrets.token_urlsafe(32)}"
        db.session.add(cls(name=name, scope=scope, token_hash=digest(text)))
        return text

    @classmethod
    def find(cls, text: str) -> Self | None:
        """The token of this text, if there is one."""
        return db.session.scalar(select(cls).where(cls.token_hash == digest(text)))
