"""Column types and naming conventions, the same on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import time_ns
from typing import Any, overload

from sqlalchemy import BigInteger, Dialect, Index, Integer, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

EPOCH = datetime.fromtimestamp(0, UTC)


class Base(DeclarativeBase):
    """What every model has in common: constraint names that migrations can refer to."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Instant(TypeDecorator[datetime]):
    """A moment, kept as milliseconds since 1970 UTC: the same arithmetic on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else milliseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return at_milliseconds(value)


class Sealed(TypeDecorator[str]):
    """A secret, kept as a token of `crypto.vault`; NULL or empty where there is none.

    `context` is what the token is bound to, with the names of the row's columns in braces. Whatever
    is encrypted has this type: by it `rotate-key` finds what to encrypt again, and pruning what to
    erase of deleted webhooks.
    """

    impl: Any = Text
    cache_ok = True

    def __init__(self, context: str, length: int | None = None) -> None:
        super().__init__()
        self.context, self.length = context, length
        if length:
            self.impl = String(length)


def partial_index(name: str, *columns: str, where: str) -> Index:
    """An index of the rows that meet `where` only: it stays small however long the table is.

    A query has to repeat the condition literally. It stands here for readers: the migrations make
    the index, and SQLAlchemy's own option, `postgresql_where`, imports its whole PostgreSQL part.
    """
    return Index(name, *columns, info={"where": where})


RowId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only an INTEGER key


def now() -> datetime:
    """This moment in UTC, to the millisecond that is kept."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def new_row_id() -> int:
    """A row id that no row had before: the time in µs. SQLite uses those of deleted rows again."""
    return time_ns() // 1_000


def after(column: str, length: timedelta = timedelta(0)) -> Callable[[Any], datetime]:
    """A column's default: the moment in an earlier column of the new row, or `length` later."""

    def default(context: Any) -> datetime:
        moment: datetime = context.get_current_parameters()[column]
        return moment + length

    return default


def milliseconds(moment: datetime) -> int:
    """A moment as `Instant` stores it."""
    return int(moment.timestamp() * 1000)


@overload
def at_milliseconds(value: int) -> datetime: ...
@overload
def at_milliseconds(value: None) -> None: ...
def at_milliseconds(value: int | None) -> datetime | None:
    """The moment that `Instant` has stored so."""
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)
