"""The built-in receiver: an address of the console's own that shows what arrives there."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Self

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.audit import Audited, as_it_is
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, after, new_row_id, now
from webhooks_ui.text import pretty_json

KEPT_FOR = timedelta(days=7)
MAX_RECEIVERS = 20  # that have not expired
MAX_REQUESTS = 100  # of one receiver
MAX_BODY = 65_536  # bytes kept of a request


class Receiver(Model):
    """`url` is its exact address, the one exception to the guard; `answer` what it answers."""

    __tablename__ = "receivers"
    __audited__: ClassVar[Audited] = Audited(
        "receiver",
        told={"answer": as_it_is},
        id=lambda receiver: receiver.id,
        name=lambda _receiver: "",
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True, default=new_row_id)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    url: Mapped[str] = mapped_column(String(2100), unique=True)
    answer: Mapped[str] = mapped_column(String(20), default="200")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expires_at: Mapped[datetime] = mapped_column(Instant, default=after("created_at", KEPT_FOR))

    @staticmethod
    def new_token() -> str:
        """What its address ends in: 192 random bits."""
        return secrets.token_urlsafe(24)

    @classmethod
    def live(cls) -> Sequence[Self]:
        """Those that have not expired, the newest first."""
        alive = select(cls).where(cls.expires_at > now()).order_by(cls.id.desc())
        return db.session.scalars(alive).all()

    @classmethod
    def by_token(cls, token: str) -> Self | None:
        """The one of this token, unless it has expired."""
        return db.session.scalar(select(cls).where(cls.token == token, cls.expires_at > now()))

    @classmethod
    def is_at(cls, url: str) -> bool:
        """Whether this is the exact address of one that has not expired."""
        found = select(cls.id).where(cls.url == url, cls.expires_at > now())
        return db.session.scalar(found) is not None

    def requests(self) -> Sequence["ReceivedRequest"]:
        """What has arrived, the newest first."""
        own = select(ReceivedRequest).where(ReceivedRequest.receiver_id == self.id)
        return db.session.scalars(own.order_by(ReceivedRequest.id.desc())).all()

    def newest(self) -> int:
        """The row of the newest request, 0 before the first."""
        own = select(func.max(ReceivedRequest.id)).where(ReceivedRequest.receiver_id == self.id)
        return db.session.scalar(own) or 0

    def forget_old(self) -> None:
        """Keeps the newest requests alone; within a transaction of the caller."""
        own = select(ReceivedRequest.id).where(ReceivedRequest.receiver_id == self.id)
        first = own.order_by(ReceivedRequest.id.desc()).offset(MAX_REQUESTS - 1).limit(1)
        if oldest := db.session.scalar(first):
            old = (ReceivedRequest.receiver_id == self.id) & (ReceivedRequest.id < oldest)
            db.session.execute(delete(ReceivedRequest).where(old))


class ReceivedRequest(Model):
    """A request as it arrived, secrets masked; `size` bytes of body, of which the first are kept.

    `signature` is ``valid``, ``wrong``, ``missing`` or ``unknown`` (not one of our deliveries).
    """

    __tablename__ = "received_requests"
    __table_args__ = (
        Index(None, "receiver_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    receiver_id: Mapped[int] = mapped_column(ForeignKey("receivers.id", ondelete="CASCADE"))
    method: Mapped[str] = mapped_column(String(10))
    headers: Mapped[list[list[str]]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int]
    signature: Mapped[str] = mapped_column(String(10))
    webhook_id: Mapped[str | None] = mapped_column(String(100))  # the header's: our delivery's id
    answered: Mapped[str] = mapped_column(String(20))
    address: Mapped[str | None] = mapped_column(String(45))
    received_at: Mapped[datetime] = mapped_column(Instant, default=now)

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are shown as replacement characters."""
        return self.body.decode(errors="replace")

    @property
    def pretty(self) -> str:
        """The body with JSON indented, and anything else as it came."""
        return pretty_json.pretty(self.body)
