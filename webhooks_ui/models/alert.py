"""An alert about a webhook: written with the outcome that caused it, sent afterwards."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model
from webhooks_ui.database.types import EPOCH, Instant, RowId, now


class Alert(Model):
    """An alert that waits to be sent. `kind` is ``failing``, ``disabled`` or ``recovered``.

    Once it is `emitted` as an event it waits for its e-mail, which is due at `due_at`.
    """

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(
        ForeignKey("webhooks.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(20))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    emitted: Mapped[bool] = mapped_column(default=False)
    mail_tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(Instant, default=EPOCH)
