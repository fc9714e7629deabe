"""An API token: shown once when made, kept as a hash."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple, Self

from sqlalchemy import String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.audit import Audited, as_it_is, record
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, now
from webhooks_ui.models import pages
from webhooks_ui.models.memory import Memory
from webhooks_ui.models.pages import Page
from webhooks_ui.models.public_ids import TOKEN, Public, new_id

SCOPES = ("events", "admin")


class KnownToken(NamedTuple):
    """What is remembered of a token; its text is not."""

    id: int
    public_id: str
    scope: str
    expires_at: datetime | None
    last_used_at: datetime | None


MEMORY = Memory[KnownToken]()


def digest(token: str) -> str:
    """What is kept of a token. It holds 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


class Token(Public, Model):
    """The right to use the API, within `scope`: ``events`` (send events in) or ``admin`` (all).

    `created_by` is the login of its maker, None when it was made on the command line.
    """

    __tablename__ = "tokens"
    __audited__: ClassVar[Audited] = Audited(
        "token",
        told=dict.fromkeys(("name", "scope", "expires_at"), as_it_is),
        silent=frozenset(("last_used_at", "last_used_address")),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True, default=lambda: new_id(TOKEN))
    name: Mapped[str] = mapped_column(String(200))
    scope: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    created_by: Mapped[str | None] = mapped_column(String(100))
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_address: Mapped[str | None] = mapped_column(String(45))

    @property
    def is_expired(self) -> bool:
        """Whether its time is over; it is refused then, and stays in the list."""
        return self.expires_at is not None and self.expires_at <= now()

    @property
    def page_number(self) -> int:
        """The page of the list on which it stands."""
        up_to_it = select(func.count()).where(Token.id >= self.id)
        return -(-(db.session.scalar(up_to_it) or 1) // pages.SIZE)

    @classmethod
    def issue(
        cls,
        name: str,
        scope: str,
        *,
        expires_at: datetime | None = None,
        created_by: str | None = None,
    ) -> str:
        """Adds a token to the session and returns its text, which cannot be shown again."""
        text = f"whui_{secrets.token_urlsafe(32)}"
        token = cls(name=name, scope=scope, expires_at=expires_at, created_by=created_by)
        token.token_hash = digest(text)
        db.session.add(token)
        return text

    @classmethod
    def find(cls, text: str) -> Self | None:
        """The token of this text, expired or not, if there is one."""
        return db.session.scalar(select(cls).where(cls.token_hash == digest(text)))

    @classmethod
    def known(cls, text: str) -> KnownToken | None:
        """As `find`, from memory where it was found a moment ago."""
        token_hash = digest(text)

        def look_up() -> KnownToken | None:
            columns = cls.id, cls.public_id, cls.scope, cls.expires_at, cls.last_used_at
            with db.engine.connect() as connection:
                found = connection.execute(select(*columns).where(cls.token_hash == token_hash))
                row = found.one_or_none()
            return row and KnownToken(*row)

        return MEMORY.recall(token_hash, look_up)

    @classmethod
    def newest_first(cls) -> Sequence[Self]:
        return db.session.scalars(select(cls).order_by(cls.id.desc())).all()

    @classmethod
    def page(cls, number: int) -> Page[Self]:
        """A page of the list, the newest first."""
        return pages.find(select(cls).order_by(cls.id.desc()), number)

    @classmethod
    def revoke(cls, public_id: str) -> str | None:
        """Deletes a token; returns its name, None when there is none."""
        gone = delete(cls).where(cls.public_id == public_id).returning(cls.name)
        name = db.session.scalar(gone)
        MEMORY.forget_after_commit(db.session())
        if name is not None:
            record("token.deleted", "token", public_id, name)
        return name
