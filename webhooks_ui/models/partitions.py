"""What deliveries leave behind is kept in partitions on PostgreSQL; SQLite has none.

`TABLES` are divided by the row id of their delivery, by which they are read, and which ascends with
time. Each has room for `WIDTH` ids. Once a day the sequence of ids is moved on to the next
partition, which is there already: so whatever the clock or the rate, a row finds its partition, and
to make one locks nobody out. Old ones are dropped. What outlives its partition is moved into
``…_old``, which reaches from there down to the lowest id.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, column, delete, exists, func, select, table, text
from sqlalchemy.exc import OperationalError

from webhooks_ui.database.engine import db, end_read, is_sqlite, transaction
from webhooks_ui.database.types import EPOCH
from webhooks_ui.models.attempt import Attempt
from webhooks_ui.models.delivery import Delivery

TABLES = ("answer_words", "attempts")
WIDTH = 2**32
ENOUGH = 10_000  # deliveries, below which a partition goes on
MAX_KEPT = 2_000  # deliveries, or attempts, that are moved while others wait
_DAY = timedelta(days=1)  # how long one lasts at least
_MAX_PARTITIONS = 30  # of RETENTION
_WORDS = table("answer_words", column("attempt_id", BigInteger), column("delivery_id", BigInteger))
_PATIENCE = 100  # ms to wait for others to leave a table; newcomers queue up behind
_LOCKED = "55P03"  # PostgreSQL's code of what `_PATIENCE` ends
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(2003333236)")
_LAST_ID = text("SELECT last_value FROM deliveries_id_seq")
_NUMBERS = text(
    "SELECT substring(relname FROM '[0-9]+$')::bigint FROM pg_inherits JOIN pg_class"
    " ON oid = inhrelid WHERE inhparent = 'attempts'::regclass AND relname ~ '[0-9]$' ORDER BY 1"
)
_MAKE = """CREATE TABLE {table}_{number} (LIKE {table}_{like} INCLUDING ALL);
 ALTER TABLE {table} ATTACH PARTITION {table}_{number} FOR VALUES FROM ({first}) TO ({end})"""
_REPLACE = """DROP TABLE {gone}; ALTER TABLE {table}_kept RENAME TO {table}_old;
 ALTER TABLE {table} ATTACH PARTITION {table}_old FOR VALUES FROM (MINVALUE) TO ({end})"""


def move_on(moment: datetime, retention: timedelta) -> bool:
    """Begins the next partition where the current one has lasted long enough; whether it did.

    The one after it is made first: one that nobody uses yet is always there.
    """
    if is_sqlite():
        return False
    with transaction():
        db.session.execute(_ONE_AT_A_TIME)
        last, numbers = _last_id(), _numbers()
        current = [number for number in numbers if number * WIDTH <= last]
        ahead = numbers[len(current) :]
        is_over = _has_lasted(current[-1] if current else 0, last, moment - lasts(retention))
        while len(ahead) < 1 + is_over:
            ahead.append(_make((ahead or current)[-1]))
        if is_over:
            db.session.execute(select(func.setval("deliveries_id_seq", ahead[-2] * WIDTH)))
    return is_over


def lasts(retention: timedelta) -> timedelta:
    """How long a partition gets deliveries, at least."""
    return max(_DAY, retention / _MAX_PARTITIONS)


def ended() -> list[tuple[int, datetime]]:
    """The partitions that get no new deliveries, the oldest first.

    Of each the id at which it ends, and when its newest delivery was made.
    """
    if is_sqlite():
        return []
    end_read()
    last = _last_id()
    ends = [end for number in _numbers() if (end := (number + 1) * WIDTH) <= last]
    newest = select(Delivery.created_at).order_by(Delivery.id.desc()).limit(1)
    return [(end, db.session.scalar(newest.where(Delivery.id < end)) or EPOCH) for end in ends]


def end_before(before: datetime) -> int:
    """The id at which the newest partition ends that has only deliveries of before; 0: none has."""
    return max((end for end, newest in ended() if newest < before), default=0)


def in_whole(before: datetime, retention: timedelta) -> datetime:
    """That time; or the end of the partition before, if all of the one that it falls into can go in
    a day or so, so that no rows of it need be deleted.
    """
    borders = [at for _, at in ended()]
    older = max((at for at in borders if at < before), default=None)
    next_one = min((at for at in borders if at >= before), default=None)
    if older is None or next_one is None or next_one >= before + 1.5 * lasts(retention):
        return before
    return older + timedelta(milliseconds=1)


def delete_of(deliveries: Sequence[int]) -> int:
    """Deletes what these deliveries leave behind; how many attempts. On SQLite a foreign key does.

    In a transaction of the caller.
    """
    if is_sqlite() or not deliveries:
        return 0
    own = Attempt.delivery_id.in_(deliveries)
    # Words that were there before the partitions tell no delivery.
    within = _WORDS.c.delivery_id.in_((0, *deliveries))
    attempts = _WORDS.c.attempt_id.in_(select(Attempt.id).where(own))
    db.session.execute(delete(_WORDS).where(within, attempts))
    gone: Any = db.session.execute(delete(Attempt).where(own))
    return int(gone.rowcount)


def left_behind(after: int, end: int, limit: int) -> Sequence[int]:
    """The next ids of deliveries that are gone and have left attempts behind."""
    is_gone = ~exists().where(Delivery.id == Attempt.delivery_id)
    ids = select(Attempt.delivery_id).where(Attempt.delivery_id.between(after + 1, end - 1))
    found = ids.where(is_gone).distinct().order_by(Attempt.delivery_id).limit(limit)
    return db.session.scalars(found).all()


def drop(end: int) -> int | None:
    """Drops the partitions below this id, save what is left of deliveries there; how many.

    0 where too much is left; None where others use the tables just now.
    """
    try:
        with transaction():
            db.session.execute(text(f"SET LOCAL lock_timeout = {_PATIENCE}"))
            for name in TABLES:
                db.session.execute(text(f"LOCK TABLE ONLY {name} IN ACCESS EXCLUSIVE MODE"))
            kept = select(Delivery.id).where(Delivery.id < end).limit(MAX_KEPT + 1)
            deliveries = db.session.scalars(kept).all()
            own = select(Attempt.id).where(Attempt.delivery_id.in_(deliveries))
            attempts = db.session.scalars(own.limit(MAX_KEPT + 1)).all()
            if max(len(deliveries), len(attempts)) > MAX_KEPT:
                return 0
            gone = [number for number in _numbers() if (number + 1) * WIDTH <= end]
            _replace("answer_words", "attempt_id", attempts, gone, end)
            _replace("attempts", "id", attempts, gone, end)
            return len(gone)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCKED:
            return None
        raise


def _replace(name: str, key: str, kept: Sequence[int], gone: Sequence[int], end: int) -> None:
    _run(f"CREATE TABLE {name}_kept (LIKE {name}_old INCLUDING ALL)")
    moved = f"INSERT INTO {name}_kept SELECT * FROM {name} WHERE delivery_id < :end"  # noqa: S608  # ours
    db.session.execute(text(f"{moved} AND {key} = ANY(:kept)"), {"end": end, "kept": [*kept]})
    dropped = ", ".join(f"{name}_{one}" for one in ("old", *gone))
    _run(_REPLACE.format(table=name, gone=dropped, end=end))


def _has_lasted(number: int, last: int, since: datetime) -> bool:
    first = select(Delivery.id, Delivery.created_at).where(Delivery.id >= number * WIDTH)
    row = db.session.execute(first.order_by(Delivery.id).limit(1)).one_or_none()
    return row is not None and last - row.id >= ENOUGH and row.created_at <= since


def _make(after: int) -> int:
    number = after + 1
    bounds = {"number": number, "like": after, "first": number * WIDTH, "end": (number + 1) * WIDTH}
    for name in TABLES:
        _run(_MAKE.format(table=name, **bounds))
    return number


def _last_id() -> int:
    return int(db.session.execute(_LAST_ID).scalar_one())


def _numbers() -> list[int]:
    return [*db.session.scalars(_NUMBERS)]


def _run(statements: str) -> None:
    for statement in statements.split(";"):
        db.session.execute(text(statement))
