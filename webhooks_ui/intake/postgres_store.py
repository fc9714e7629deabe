"""Stores a plan on PostgreSQL: by one statement, unless channels change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from webhooks_ui.database.driver import connected, in_our_terms
from webhooks_ui.intake import filtering, source_requests, statements
from webhooks_ui.intake.plan import Plan
from webhooks_ui.intake.store import KNOWN, SAVE_CHANNEL, Store, event_row

_KEY_PARAMETERS = {f"key_{name}": "text" for name in statements.KEY_COLUMNS}
# Settings of PostgreSQL for one transaction; of the second, that its commit waits for no disk.
_PLANNED_ONCE = "SELECT set_config('plan_cache_mode', 'force_generic_plan', true)"
_AT_LEISURE = ", set_config('synchronous_commit', 'off', true)"
_WARM = 3  # sessions: of a group, and of look-ups meanwhile


class PostgresStore(Store):
    """Two round trips: what is known, and the statement that stores and commits."""

    @contextmanager
    def opened(self, writer: object, until: float) -> Iterator[Any]:
        """See `Store`."""
        with connected(self._engine) as connection, in_our_terms(self._engine.dialect):
            driver: Any = connection.driver_connection
            driver.autocommit = True
            try:
                yield driver.cursor()
            finally:
                if not driver.closed:
                    driver.autocommit = False

    def write(self, cursor: Any, plan: Plan) -> None:
        """See `Store`."""
        if plan.changed:
            with cursor.connection.transaction():
                self._write(cursor, plan)
        else:
            self._write(cursor, plan)

    def warm_up(self) -> None:
        """See `Store`. It stores nothing, in as many sessions as the first requests may take."""
        super().warm_up()
        nothing = _arrays(source_requests.COLUMNS, [])
        with ExitStack() as stack:
            for cursor in [stack.enter_context(self.opened(None, 0)) for _ in range(_WARM)]:
                self._found(cursor, KNOWN, set())
                _run(cursor, source_requests.ALONE, nothing, _AT_LEISURE)
                self._store(cursor, [], [], [], nothing)

    def wake_workers(self) -> None:
        """See `Store`."""

    def _write(self, cursor: Any, plan: Plan) -> None:
        requests = _arrays(source_requests.COLUMNS, plan.source_requests)
        if not plan.events:
            _run(cursor, source_requests.ALONE, requests, _AT_LEISURE)
            return
        ids = self._save_channels(cursor, plan, SAVE_CHANNEL.replace("?", "%s"))
        rows = [event_row(one, ids, plan.moment) for one in plan.events]
        keys = sorted((key, one.fingerprint, one.event_id) for key, one in plan.keys.items())
        left_out = filtering.left_out(plan.filters, plan.events)
        without = [_array(left_out.get(one.public_id, ())) for one in plan.events]
        self._store(cursor, rows, keys, without, requests if plan.records else {})
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
        requests: dict[str, Any],
    ) -> None:
        """Events with the webhooks that do not get them, keys, and parameters of requests."""
        given = _arrays(statements.EVENT_COLUMNS, rows) | {"without": without}
        given |= _arrays(_KEY_PARAMETERS, keys) | requests
        further = source_requests.IN_POSTGRESQL if requests else ""
        _run(cursor, statements.for_postgresql(self._engine.dialect, further), given)

    def _found(self, cursor: Any, query: str, keys: set[str]) -> list[Any]:
        text = query.replace("IN ?", "= ANY(%s)")
        found: list[Any] = cursor.execute(text, [list(keys)]).fetchall()
        return found


def _run(cursor: Any, statement: str, given: dict[str, Any], settings: str = "") -> None:
    """Executes a statement as it was planned once: to plan it takes as long as to execute it."""
    with cursor.connection.pipeline():  # one round trip, and one transaction
        cursor.connection.execute(f"{_PLANNED_ONCE}{settings}")
        cursor.execute(statement, given)


def _arrays(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Parameters on PostgreSQL: an array for each column, given with its type.

    Numbers are written out. Psycopg takes a type by their size, and to the server the statement
    would be another one with each.
    """
    given: dict[str, Any] = {}
    for at, (name, kind) in enumerate(columns.items()):
        values = [row[at] for row in rows]
        given[name] = _array(values) if kind == "bigint" else values
    return given


def _array(numbers: Iterable[int | None]) -> str:
    """An array as PostgreSQL writes it."""
    return f"{{{','.join('NULL' if one is None else str(one) for one in numbers)}}}"
