"""A channel (inbox): where conversations happen; a webhook may listen to one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from sqlalchemy import Index, LargeBinary, Row, String, select
from sqlalchemy.orm import Mapped, mapped_column, validates

from webhooks_ui.audit import Audited, as_it_is
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, after, now
from webhooks_ui.models.pages import ListQuery, Page, within
from webhooks_ui.models.public_ids import CHANNEL, Public, new_id
from webhooks_ui.text.folding import folded
from webhooks_ui.text.sort_key import MAX_KEY_BYTES, sort_key

PAGE_SIZE = 50


class Channel(Public, Model):
    """A channel with a `key` of its owner's choosing, by which events name it."""

    __tablename__ = "channels"
    __table_args__ = (Index("ix_channels_name", "sort_key", "id"), {"sqlite_autoincrement": True})
    __audited__: ClassVar[Audited] = Audited(
        "channel",
        told=dict.fromkeys(("key", "name", "kind"), as_it_is),
        silent=frozenset(("sort_key", "updated_at")),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True, default=lambda: new_id(CHANNEL))
    key: Mapped[str] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    sort_key: Mapped[bytes] = mapped_column(
        LargeBinary(MAX_KEY_BYTES),
        default=lambda context: sort_key(context.get_current_parameters()["name"]),
        deferred=True,
    )
    kind: Mapped[str] = mapped_column(String(20), default="other")
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=after("created_at"), onupdate=now)

    @validates("name")
    def _sort_by(self, _column: str, name: str) -> str:
        if name != self.name:
            self.sort_key = sort_key(name)
        return name

    @property
    def snapshot(self) -> dict[str, str]:
        """The channel as an event carries it."""
        return {"key": self.key, "name": self.name, "kind": self.kind}

    @classmethod
    def choices(cls) -> Sequence[Row[int, str, str]]:
        """Row id, key and name of every channel, by name."""
        columns = select(cls.id, cls.key, cls.name)
        return db.session.execute(columns.order_by(cls.sort_key, cls.id)).all()

    @classmethod
    def by_key(cls, key: str) -> Self | None:
        """The channel of this key, if there is one."""
        return db.session.scalar(select(cls).where(cls.key == key))


@dataclass(frozen=True)
class ChannelQuery(ListQuery):
    """A search by words of a name or a key, and a page of its results."""

    q: str = ""
    page: int = 1

    def find(self) -> Page[Channel]:
        """The page asked for, or the last one if there are fewer."""
        words = folded(self.q).split()
        # The databases fold the case of Latin letters only, or none.
        found = [
            row.id
            for row in Channel.choices()
            if not words or _has(words, f"{row.name}\n{row.key}")
        ]
        number = within(self.page, len(found), PAGE_SIZE)
        ids = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        rows = select(Channel).where(Channel.id.in_(ids)).order_by(Channel.sort_key, Channel.id)
        return Page(db.session.scalars(rows).all(), len(found), number, PAGE_SIZE)


def _has(words: Sequence[str], text: str) -> bool:
    whole = folded(text)
    return all(word in whole for word in words)
