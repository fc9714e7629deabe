"""Stores a plan on PostgreSQL: by one statement, unless channels change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from webhooks_ui.database.driver import autocommitting
from webhooks_ui.intake import filtering, statements
from webhooks_ui.intake.plan import Plan
from webhooks_ui.intake.store import KNOWN, SAVE_CHANNEL, Store, event_row

_KEY_PARAMETERS = {f"key_{name}": "text" for name in statements.KEY_COLUMNS}
_PLANNED_ONCE = "SELECT set_config('plan_cache_mode', 'force_generic_plan', true)"
_WARM = 3  # sessions: of a group, and of look-ups meanwhile


class PostgresStore(Store):
    """Two round trips: what is known, and the statement that stores and commits."""

    @contextmanager
    def opened(self, writer: object, until: float) -> Iterator[Any]:
        with autocommitting(self._engine) as driver:
            yield driver.cursor()

    def write(self, cursor: Any, plan: Plan) -> None:
        if plan.changed:
            with cursor.connection.transaction():
                self._write(cursor, plan)
        else:
            self._write(cursor, plan)

    def warm_up(self) -> None:
        """Stores nothing, in as many sessions as the first requests may take."""
        super().warm_up()
        with ExitStack() as stack:
            for cursor in [stack.enter_context(self.opened(None, 0)) for _ in range(_WARM)]:
                self._found(cursor, KNOWN, set())
                self._store(cursor, [], [], [])

    def wake_workers(self) -> None:
        """The statement has done so."""

    def _write(self, cursor: Any, plan: Plan) -> None:
        ids = self._save_channels(cursor, plan, SAVE_CHANNEL.replace("?", "%s"))
        rows = [event_row(one, ids, plan.moment) for one in plan.events]
        keys = sorted((key, one.fingerprint, one.event_id) for key, one in plan.keys.items())
        left_out = filtering.left_out(plan.filters, plan.events)
        without = [_array(left_out.get(one.public_id, ())) for one in plan.events]
        self._store(cursor, rows, keys, without)
        for public_id, count, row, _ in cursor.fetchall():
            plan.counts[public_id] = count
            if count > statements.PART:
                plan.large[public_id] = row

    def _store(
        self,
        cursor: Any,
        rows: Sequence[Sequence[Any]],
        keys: Sequence[Sequence[str]],
        without: Sequence[str],
    ) -> None:
        """Events with the webhooks that do not get them, and keys."""
        given = _arrays(statements.EVENT_COLUMNS, rows) | {"without": _array(without)}
        given |= _arrays(_KEY_PARAMETERS, keys)
        # As it was planned once: to plan it takes as long as to execute it.
        with cursor.connection.pipeline():  # one round trip, and one transaction
            cursor.connection.execute(_PLANNED_ONCE)
            cursor.execute(statements.for_postgresql(self._engine.dialect), given)

    def _found(self, cursor: Any, query: str, keys: set[str]) -> list[Any]:
        text = query.replace("IN ?", "= ANY(%s)")
        found: list[Any] = cursor.execute(text, [list(keys)]).fetchall()
        return found


def _arrays(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Parameters on PostgreSQL: an array for each column.

    Texts and numbers are written out. Psycopg takes a type by the size of numbers, and to the
    server the statement would be another one with each; and to look at lists takes it five times as
    long. Bytes go as they are: written out they would be twice as many.
    """
    values = {name: [row[at] for row in rows] for at, name in enumerate(columns)}
    return {n: own if columns[n] == "bytea" else _array(own) for n, own in values.items()}


def _array(values: Iterable[int | str | None]) -> str:
    """An array as PostgreSQL writes it (section 8.15.6 of its manual)."""
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: int | str | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
