"""Stores a plan on SQLite, in a transaction of few statements."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from webhooks_ui.database.driver import writing_sqlite
from webhooks_ui.database.engine import turn
from webhooks_ui.delivery.queue import wakeup
from webhooks_ui.intake import filtering, statements
from webhooks_ui.intake.event import IncomingEvent
from webhooks_ui.intake.plan import NewEvent, Plan
from webhooks_ui.intake.store import SAVE_CHANNEL, Store, encode, event_row

_EVENT_COLUMNS = tuple(statements.EVENT_COLUMNS)


class SqliteStore(Store):
    """Few statements, however many events: each gives the interpreter's lock away."""

    @contextmanager
    def opened(self, writer: object, until: float) -> Iterator[Any]:
        with turn(writer, until), writing_sqlite(self._engine, until) as cursor:
            yield cursor

    def plan(self, cursor: Any, requests: Sequence[Sequence[IncomingEvent]], *, sure: bool) -> Plan:
        """Always sure: nobody else writes meanwhile."""
        return super().plan(cursor, requests, sure=True)

    def write(self, cursor: Any, plan: Plan) -> None:
        ids = self._save_channels(cursor, plan, SAVE_CHANNEL)
        left_out = filtering.left_out(plan.filters, plan.events)
        for without, new in groupby(plan.events, lambda one: left_out.get(one.public_id, ())):
            self._write_events(cursor, plan, list(new), ids, encode(without))
        if plan.keys:
            keys = [
                v for key, one in plan.keys.items() for v in (key, one.fingerprint, one.event_id)
            ]
            text = statements.for_sqlite(self._engine.dialect).keys
            columns = statements.KEY_COLUMNS
            cursor.execute(statements.with_rows(text, "given", columns, len(plan.keys)), keys)

    def warm_up(self) -> None:
        super().warm_up()
        statements.for_sqlite(self._engine.dialect)

    def wake_workers(self) -> None:
        wakeup.wake_workers()

    def _write_events(
        self,
        cursor: Any,
        plan: Plan,
        new: list[NewEvent],
        ids: dict[str, int],
        without: str,
    ) -> None:
        known = statements.for_sqlite(self._engine.dialect)
        rows = [value for one in new for value in event_row(one, ids, plan.moment)]
        text = statements.with_rows(known.events, "new", _EVENT_COLUMNS, len(new))
        cursor.execute(text, [*rows, without])
        last = cursor.lastrowid
        between = (last - len(new) + 1, last)
        cursor.execute(known.deliveries, (*between, without))
        ((counts,),) = cursor.execute(known.counts, between).fetchall()
        for row, (one, count) in enumerate(zip(new, counts.split(","), strict=True), between[0]):
            plan.counts[one.public_id] = int(count)
            if int(count) > statements.PART:
                cursor.execute(known.fan_out, (row, without))
                plan.large[one.public_id] = row

    def _found(self, cursor: Any, query: str, keys: set[str]) -> list[Any]:
        marks = f"IN ({','.join('?' * len(keys))})"
        found: list[Any] = cursor.execute(query.replace("IN ?", marks), list(keys)).fetchall()
        return found
