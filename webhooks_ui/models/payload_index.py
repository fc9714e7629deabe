"""The search index: the words of events and of answers.

SQLite has it in FTS5 tables whose rowid is that of the event or the attempt, PostgreSQL in a
``tsvector`` with a GIN index. Their words are ours (`text.words`); neither database splits text.
How far it has come is its last row, so that nothing is lost or repeated by a crash. A row goes with
its event or attempt: by a trigger on SQLite, on PostgreSQL by a foreign key or with its partition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from operator import itemgetter
from typing import Any
from weakref import WeakSet

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Engine,
    Text,
    bindparam,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    inspect,
    literal,
    literal_column,
    select,
    table,
)

from webhooks_ui.database.engine import db, is_sqlite
from webhooks_ui.database.types import EPOCH, now
from webhooks_ui.models.attempt import Attempt
from webhooks_ui.models.event import Event
from webhooks_ui.models.row_gaps import RowGaps
from webhooks_ui.text import words

_PUNCTUAL = timedelta(seconds=10)
_with_tables: WeakSet[Engine] = WeakSet()


@dataclass(frozen=True, slots=True)
class Document:
    """What is indexed of a row; `part` says in which partition."""

    row: int
    words: Sequence[str]
    part: int = 0


class Lead(Enum):
    """What PostgreSQL reads first: the rows of the span, the matches of the words, or either.

    To read all matches of a frequent word takes long, and so does a long span.
    """

    ROWS = "rows"
    WORDS = "words"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Table:
    """One of the two tables; `model` is what its rows are of, `divided_by` what has partitions."""

    name: str
    key: str
    model: Any
    content: tuple[Any, ...]
    divided_by: Any = None

    def position(self) -> int:
        """The last row that is indexed; 0 at first."""
        return db.session.scalar(select(self.last())) or 0

    def last(self) -> ColumnElement[Any]:
        """The same as a part of a statement; null at first."""
        rows = self._rows()
        return select(rows).order_by(rows.desc()).limit(1).scalar_subquery()

    def pending(self, limit: int, gaps: RowGaps) -> list[Document]:
        """The next rows, with their words.

        On PostgreSQL a missing row id may be that of a transaction in progress: what follows it
        waits until it is certain.
        """
        last = self.position()
        settled = 0 if is_sqlite() else gaps.settled()
        part = literal(0) if self.divided_by is None else self.divided_by
        rows = select(self.model.id, part, *self.content[:-1]).where(self.model.id > last)
        found: list[Document] = []
        own_rows = db.session.execute(rows.order_by(self.model.id).limit(limit))
        for row, part, data, extra in own_rows:
            if not is_sqlite() and row != last + 1 and row > settled:
                gaps.met()
                break
            own = dict.fromkeys((*words.sought(extra or ""), *words.of_payload(data)))
            found.append(Document(row, list(own), part))
            last = row
        return found

    def add(self, documents: Sequence[Document]) -> None:
        """Indexes them, save those whose rows are gone, and without words all but the last."""
        own, rows = bindparam("own", type_=BigInteger), self._rows()
        kept: Any = bindparam("kept")
        if not is_sqlite():
            kept = func.array_to_tsvector(cast(kept, ARRAY(Text)))
        values = {rows.name: own, "words": kept}
        is_there = [self.model.id == own]
        if self.divided_by is not None and not is_sqlite():
            values[self.divided_by.name] = part = bindparam("part", type_=BigInteger)
            is_there.append(self.divided_by == part)
        into = table(self.name, *map(column, values))
        chosen = select(*values.values()).where(exists().where(*is_there))
        added = insert(into).from_select([*values], chosen)
        kept_rows = [one for one in documents if one.words or one is documents[-1]]
        stored: Any = " ".join if is_sqlite() else list
        given = [{"own": one.row, "kept": stored(one.words), "part": one.part} for one in kept_rows]
        db.session.execute(added, given)

    def remove(self, limit: int) -> int:
        """Removes some rows; returns how many."""
        rows = self._rows()
        some = db.session.scalars(select(rows).order_by(rows.desc()).limit(limit)).all()
        db.session.execute(delete(rows.table).where(rows.in_(some)))
        return len(some)

    def start(self, last: int, count: int) -> int:
        """Where the `count` newest rows begin that are not after the row `last`."""
        if is_sqlite():  # to count them takes longer than to look through fewer
            return max(last - count, 0) + 1
        rows = self._rows()
        newest = select(rows).where(rows <= last).order_by(rows.desc())
        return db.session.scalar(newest.offset(count - 1).limit(1)) or 1

    def newest(
        self, query: str, first: int, last: int, limit: int, lead: Lead, rarest: str = ""
    ) -> Sequence[int]:
        """The newest matches from the row `first` to the row `last`.

        `rarest` is the word of the query by which PostgreSQL looks into its index.
        """
        rows = self._rows()
        chosen = rows.between(first, last)
        if is_sqlite():
            found = select(rows).where(literal_column(self.name).op("MATCH")(query), chosen)
        else:
            from sqlalchemy.dialects.postgresql import TSQUERY

            meant = cast(query, TSQUERY)
            stored: ColumnElement[Any] = column("words")
            inner = select(rows, stored).where(chosen)
            if lead is Lead.ROWS:
                inner = inner.order_by(rows.desc())
            else:
                if lead is Lead.WORDS:  # no index knows the sum
                    inner = select(rows, stored).where((rows + 0).between(first, last))
                inner = inner.where(stored.op("@@")(cast(rarest or query, TSQUERY)))
            apart = inner.offset(0).subquery()
            rows = apart.c[rows.name]
            found = select(rows).where(apart.c.words.op("@@")(meant))
        return db.session.scalars(found.order_by(rows.desc()).limit(limit)).all()

    def rarest(self, queries: Sequence[str], first: int, last: int) -> tuple[str, int]:
        """Of some words the one that the fewest rows of this span have, and how many have it.

        Not on SQLite.
        """
        from sqlalchemy.dialects.postgresql import TSQUERY

        stored: ColumnElement[Any] = column("words")
        counts = [func.count().filter(stored.op("@@")(cast(one, TSQUERY))) for one in queries]
        span = self._rows().between(first, last)
        found = db.session.execute(select(*counts).where(span)).one()
        return min(zip(queries, found, strict=True), key=itemgetter(1))

    def moment_of(self, row: int) -> datetime | None:
        """When this row came, or the newest one before it."""
        at: ColumnElement[datetime] = self.content[-1]
        own = select(at).where(self.model.id <= row).order_by(self.model.id.desc()).limit(1)
        return db.session.scalar(own)

    def _rows(self) -> Any:
        name = "rowid" if is_sqlite() else self.key
        return table(self.name, column(name, BigInteger)).c[name]


EVENTS = Table("event_words", "event_id", Event, (Event.data, Event.sender_id, Event.created_at))
ANSWERS = Table(
    "answer_words",
    "attempt_id",
    Attempt,
    (Attempt.response_bytes, Attempt.reason, Attempt.started_at),
    divided_by=Attempt.delivery_id,
)
TABLES = (EVENTS, ANSWERS)


def positions() -> Sequence[int]:
    """The last rows that are indexed, of each table; 0 at first."""
    return db.session.execute(select(*(func.coalesce(each.last(), 0) for each in TABLES))).one()


def behind() -> list[Table]:
    """The tables that newer rows are still to be added to."""
    ahead = [
        select(func.max(each.model.id)).scalar_subquery() > func.coalesce(each.last(), 0)
        for each in TABLES
    ]
    found = db.session.execute(select(*ahead)).one()
    return [each for each, is_so in zip(TABLES, found, strict=True) if is_so]


def known_to() -> datetime | None:
    """Until when what came can be found; None when that is the present."""
    moments = [each.moment_of(each.position()) or EPOCH for each in behind()]
    reached = min(moments, default=now())
    return reached if reached < now() - _PUNCTUAL else None


def is_there() -> bool:
    """Whether the database has the tables: an SQLite without FTS5 has not."""
    if not is_sqlite():
        return True
    if db.engine not in _with_tables and inspect(db.session.connection()).has_table(EVENTS.name):
        _with_tables.add(db.engine)
    return db.engine in _with_tables
