"""An entry of the audit log."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Index, String, Text, cast, func, select
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, now

TOPICS = ("change", "sending", "sign_in", "refusal", "export", "reading", "call")
_SENDING = ("delivery", "recovery")  # kinds of which nothing is set up
_TOPIC_OF_VERB = {
    "tested": "sending",
    "sent": "sending",
    "signed_in": "sign_in",
    "signed_out": "sign_in",
    "sign_in_refused": "refusal",
    "openid_refused": "refusal",
    "locked_out": "refusal",
    "code_refused": "refusal",
    "refused": "refusal",
    "exported": "export",
    "backed_up": "export",
    "downloaded": "export",
    "read": "reading",
    "called": "call",
    "run": "call",
}


def topic_of(action: str) -> str:
    """What an action is about: by its verb, a change where that says nothing else."""
    kind, _, verb = action.partition(".")
    return _TOPIC_OF_VERB.get(verb, "sending" if kind in _SENDING else "change")


class AuditEntry(Model):
    """`actor_kind` did `action` to an object; names are those of that moment.

    `actor_kind` is ``user``, ``token``, ``source``, ``command``, ``system`` or ``nobody``.
    `topic` is one of `TOPICS`. `action` is the kind of what it concerns and a verb, as in
    ``webhook.changed``. `changes` has a pair `[before, after]` for each changed field; None where
    the values are not to be told. `details` are further facts.
    """

    __tablename__ = "audit_entries"
    FILTER_COLUMNS: ClassVar = (
        "actor_name",
        "topic",
        "object_id",
        "search_text",
        "created_at",
    )
    __table_args__ = (
        Index(None, "created_at"),
        Index(None, "actor_name", "id"),
        Index(None, "topic", "id"),
        Index(None, "object_id", "id"),
        {"sqlite_autoincrement": True},  # the id of a deleted entry does not come again
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[str | None] = mapped_column(String(40))
    actor_name: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str | None] = mapped_column(String(45))
    session_id: Mapped[int | None] = mapped_column(RowId)
    topic: Mapped[str] = mapped_column(String(10))
    action: Mapped[str] = mapped_column(String(60))
    object_kind: Mapped[str | None] = mapped_column(String(30))
    object_id: Mapped[str | None] = mapped_column(String(200))
    object_name: Mapped[str] = mapped_column(String(200), default="")
    search_text: Mapped[str] = mapped_column(Text, default="")
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


def newest_row_of(object_kind: str) -> int:
    """The largest row id that entries about this kind of object name; 0 where there is none."""
    row = func.max(cast(AuditEntry.object_id, BigInteger))
    return db.session.scalar(select(row).where(AuditEntry.object_kind == object_kind)) or 0
