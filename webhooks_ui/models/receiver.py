"""The built-in receiver: an address of the console's own that shows what arrives there."""

from datetime import datetime, timedelta

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database import Instant, Model, RowId, now

KEPT_FOR = timedelta(days=7)


class Receiver(Model):
    """`url` is its exact address, the one exception to the guard; `answer` what it answers."""

    __tablename__ = "receivers"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    url: Mapped[str] = mapped_column(String(2100), unique=True)
    answer: Mapped[str] = mapped_column(String(20), default="200")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expires_at: Mapped[datetime] = mapped_column(Instant, default=lambda: now() + KEPT_FOR)


class ReceivedRequest(Model):
    """A request as it arrived. `signature` is ``valid``, ``wrong``, ``missing`` or ``unknown``."""

    __tablename__ = "received_requests"
    __table_args__ = (Index(None, "receiver_id", "id"),)

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
