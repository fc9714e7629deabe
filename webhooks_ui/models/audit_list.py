"""The audit log as it is read: filters and pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import (
    Select,
    SQLColumnExpression,
    String,
    bindparam,
    cast,
    literal,
    select,
    union_all,
)

from webhooks_ui.audit import AuditEntry
from webhooks_ui.database.engine import db
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.deleted_webhooks import can_be_restored
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.event import Event
from webhooks_ui.models.keyset import Columns, Condition, Ids, in_order
from webhooks_ui.models.log_filter import LogFilter
from webhooks_ui.models.recovery import Recovery
from webhooks_ui.models.source import Source
from webhooks_ui.models.token import Token
from webhooks_ui.models.user import User
from webhooks_ui.models.webhook import Webhook
from webhooks_ui.text.folding import folded

_ENTRIES = select(AuditEntry).where(AuditEntry.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class AuditFilter(LogFilter):
    """The filters of the log.

    `who` is a login or the name of a token, `about` the id of a thing or words of its name.
    """

    MODEL: ClassVar = AuditEntry
    LEADERS: ClassVar = ("object_id", "actor_name", "topic")

    who: str | None = None
    topic: str | None = None
    about: str | None = None

    def _columns(self) -> dict[str, Any]:
        about = self.about if self._is_about_one else None
        return {"object_id": about, "actor_name": self.who, "topic": self.topic}

    def _unindexed(self, columns: Columns) -> list[Condition]:
        words = () if self._is_about_one else folded(self.about or "").split()
        return [columns.search_text.contains(word, autoescape=True) for word in words]

    @property
    def _is_about_one(self) -> bool:
        """Whether `about` has the form of a public id or of a row's number."""
        text = self.about or ""
        kind, _, rest = text.partition("_")
        return text.isdecimal() or (kind.isalpha() and len(rest) == 26 and rest.isalnum())

    def rows(self) -> Ids:
        """The rows of the span of time: entries get their ids in the order of their times.

        Transactions that overlap may exchange a few: the moments are compared as well.
        """
        first, last = 0, Ids().last
        near = select(AuditEntry.id).order_by(AuditEntry.created_at, AuditEntry.id)
        if self.since is not None:
            found = near.where(AuditEntry.created_at >= self.since).limit(1)
            first = (db.session.scalar(found) or last) - _OVERLAP
        if self.until is not None:
            found = near.where(AuditEntry.created_at >= self.until).limit(1)
            last = (db.session.scalar(found) or last - _OVERLAP) + _OVERLAP
        return Ids(first, last)


_OVERLAP = 100  # rows


def load(ids: Sequence[int]) -> list[AuditEntry]:
    """These entries, in the given order."""
    return in_order(ids, db.session.scalars(_ENTRIES, {"ids": ids}))


def still_there(entries: Iterable[AuditEntry]) -> set[tuple[str, str]]:
    """Kind and id of what these entries are about, where it has a page and is not deleted since."""
    by_kind: dict[str, set[str]] = {}
    for entry in entries:
        if entry.object_kind in _IDS and entry.object_id:
            by_kind.setdefault(entry.object_kind, set()).add(entry.object_id)
    if not by_kind:
        return set()
    found = union_all(*(_of_kind(kind, ids) for kind, ids in by_kind.items()))
    return {(kind, found_id) for kind, found_id in db.session.execute(found)}


def _of_kind(kind: str, ids: set[str]) -> Select[str, str]:
    found = select(literal(kind), _IDS[kind]).where(_IDS[kind].in_(ids))
    if kind == "webhook":
        return found.where(Webhook.deleted_at.is_(None) | can_be_restored())
    return found


_IDS: dict[str, SQLColumnExpression[str]] = {
    "webhook": Webhook.public_id,
    "delivery": Delivery.public_id,
    "event": Event.public_id,
    "recovery": Recovery.public_id,
    "channel": Channel.public_id,
    "source": Source.public_id,
    "token": Token.public_id,
    "user": cast(User.id, String),
}
"""What an entry's kind of object is found by."""
