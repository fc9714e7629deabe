"""The audit log as it is read: filters and pages, and the history of one thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from webhooks_ui.audit import AuditEntry
from webhooks_ui.database.engine import db
from webhooks_ui.models.keyset import (
    PAGE,
    Condition,
    Ids,
    KeysetPage,
    LeadingIndex,
    in_order,
    walk,
    within,
)
from webhooks_ui.text.folding import folded

_ENTRIES = select(AuditEntry).where(AuditEntry.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """The filters of the log; None does not filter.

    `who` is a login or the name of a token, `about` the id of a thing or words of its name.
    """

    who: str | None = None
    topic: str | None = None
    about: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def find(self, *, before: int | None = None, limit: int = PAGE) -> KeysetPage:
        """A page of row ids, newest first: those below the row `before`."""
        given = {"actor_name": self.who, "topic": self.topic}
        values = {name: value for name, value in given.items() if value is not None}
        words = folded(self.about or "").split()
        if self.about and _is_id(self.about):
            values, words = {"object_id": self.about} | values, []
        leader = LeadingIndex()
        if values:
            name = next(iter(values))
            leader = LeadingIndex({name: values.pop(name)})

        def others(columns: Any) -> list[Condition]:
            conditions = [columns[name] == value for name, value in values.items()]
            conditions += [columns.search_text.contains(word, autoescape=True) for word in words]
            return [*conditions, *within(columns, self.since, self.until)]

        return walk(AuditEntry, leader, others, self._ids().between(None, before), limit)

    def _ids(self) -> Ids:
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


def history(object_id: str, *, before: int | None = None, limit: int = PAGE) -> KeysetPage:
    """The changes of one thing by its public id, the newest first: a page of row ids."""
    leader = LeadingIndex({"object_id": object_id})

    def others(columns: Any) -> list[Condition]:
        return [columns.topic == "change"]

    return walk(AuditEntry, leader, others, Ids().between(None, before), limit)


def _is_id(text: str) -> bool:
    """Whether it has the form of a public id or of a row's number."""
    kind, _, rest = text.partition("_")
    return text.isdecimal() or (kind.isalpha() and len(rest) == 26 and rest.isalnum())
