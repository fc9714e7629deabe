"""A request of a source: what came, and what it became."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self, cast

from sqlalchemy import (
    JSON,
    Delete,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database import prepared
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.prepared import ManyRows, Prepared, inserted
from webhooks_ui.database.types import Instant, RowId, now
from webhooks_ui.models.source import Source
from webhooks_ui.text import pretty_json

KEPT_REQUESTS = 100  # of one source
KEPT_BODY = 32_768  # bytes of a request's body


class RequestRow(NamedTuple):
    """A new row of `SourceRequest`."""

    source_id: int
    name: str
    delivery_id: str | None
    signature: str
    became: list[dict[str, Any]]
    reason: str | None
    body: bytes | None
    size: int
    address: str | None
    received_at: datetime


class SourceRequest(Model):
    """A request of a source, as it came but for credentials, and what it became.

    `became` has a line for each event: type, event id, deliveries and whether it came before. Where
    it is empty, `reason` is a code of `sources.base.Reason`. `body` is its beginning, None where it
    may hold credentials; `size` the bytes that came.
    """

    __tablename__ = "source_requests"
    __table_args__ = (
        Index("ix_source_requests_source_id", "source_id", "id"),
        Index("ix_source_requests_received_at", "received_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    delivery_id: Mapped[str | None] = mapped_column(String(100))
    signature: Mapped[str] = mapped_column(String(10))
    became: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(String(20))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    size: Mapped[int]
    address: Mapped[str | None] = mapped_column(String(45))
    received_at: Mapped[datetime] = mapped_column(Instant, default=now)

    @property
    def pretty(self) -> str:
        """The body, indented where all of it is kept."""
        return pretty_json.pretty(self.body or b"")

    @classmethod
    def store(cls, rows: Sequence[RequestRow]) -> None:
        """Stores requests, and forgets what is then too much for their sources.

        A request whose source has just been deleted leaves no row behind.
        """
        with prepared.in_haste() as runner:
            named = runner.ids({row.source_id for row in rows})
            there = {row[0] for row in runner.run(_LOCK, rows=named).fetchall()}
            runner.run_many(_INSERT, (row._asdict() for row in rows if row.source_id in there))
            for source_id in sorted(there):
                runner.run(_FORGET, source=source_id)

    @classmethod
    def of(cls, source: Source) -> Sequence[Self]:
        """The requests of a source, the newest first."""
        own = select(cls).where(cls.source_id == source.id)
        return db.session.scalars(own.order_by(cls.id.desc()).limit(KEPT_REQUESTS)).all()

    @classmethod
    def of_delivery(cls, delivery_id: str) -> tuple[str, int] | None:
        """The source's public id and the row of the newest request of this id by its sender."""
        known = select(Source.public_id, cls.id).join(Source).where(cls.delivery_id == delivery_id)
        found = db.session.execute(known.order_by(cls.id.desc()).limit(1)).one_or_none()
        return found and (found[0], found[1])

    @classmethod
    def newest(cls, sources: Iterable[Source]) -> dict[int, datetime | None]:
        """When the newest request of each of these sources came, by the source's row."""
        own = select(cls.received_at).where(cls.source_id == Source.id)
        newest = own.order_by(cls.id.desc()).limit(1).correlate(Source).scalar_subquery()
        chosen = Source.id.in_([source.id for source in sources])
        return dict(iter(db.session.execute(select(Source.id, newest).where(chosen)).all()))


_TABLE, _NEW = cast("Table", SourceRequest.__table__), RequestRow._fields
# They must not be deleted meanwhile; others may refer to them, too.
_LOCK = prepared.of_rows(select(Source.id).with_for_update(read=True, key_share=True))
_INSERT = ManyRows(
    {name: _TABLE.c[name].type for name in _NEW},
    lambda _, values: inserted(insert(_TABLE), values),
)


def _forget() -> Delete:
    own = _TABLE.c.source_id == bindparam("source", type_=RowId)
    newest = select(_TABLE.c.id).where(own).order_by(_TABLE.c.id.desc())
    last = newest.limit(literal_column("1")).offset(literal_column(str(KEPT_REQUESTS)))
    former = select(_TABLE.c.id).where(own, _TABLE.c.id <= last.scalar_subquery())
    # Another process forgets the same rows: to wait for it could end in a deadlock.
    return delete(_TABLE).where(_TABLE.c.id.in_(former.with_for_update(skip_locked=True)))


_FORGET = Prepared(_forget())
