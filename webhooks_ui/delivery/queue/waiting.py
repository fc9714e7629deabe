"""Which webhooks have something due, and how much of it one claim may take.

They are found by a loose scan of the partial index ``ix_deliveries_due``: it hops from one webhook
to the next, so that 100,000 deliveries waiting for a dead receiver cost one hop. Every ORDER BY is
that of the index to its last column, so the index is used whatever the statistics say.
"""

from datetime import datetime
from math import inf
from typing import Any, NamedTuple

from sqlalchemy import ColumnClause, Connection, column, text

from webhooks_ui.database.types import milliseconds
from webhooks_ui.delivery.queue.claims import Demand, Known
from webhooks_ui.delivery.queue.holds import Gate

MAX_OF_EACH = 32  # deliveries of one webhook in one claim

_WAITING = """
WITH RECURSIVE waiting(webhook_id) AS (
  SELECT (SELECT d.webhook_id FROM deliveries d WHERE d.status = 'pending'
          ORDER BY d.webhook_id, d.due_at, d.id LIMIT 1)
  UNION ALL
  SELECT (SELECT d.webhook_id FROM deliveries d
          WHERE d.status = 'pending' AND d.webhook_id > waiting.webhook_id
          ORDER BY d.webhook_id, d.due_at, d.id LIMIT 1)
  FROM waiting WHERE waiting.webhook_id IS NOT NULL
)"""
_OPEN = """FROM waiting CROSS JOIN webhooks w
    WHERE w.id = waiting.webhook_id AND w.enabled AND w.deleted_at IS NULL
      AND COALESCE(w.held_until, 0) <= :now AND COALESCE(w.paused_until, 0) <= :now"""
_COLUMNS = """w.id, w.held_until, w.hold_reason, w.send_interval_ms,
         w.failing_since IS NULL AND w.last_succeeded IS TRUE AS answers"""
# Always one row, which tells when the next webhook may go on, also where none is open.
_READ = """
SELECT next.resumes_at, o.id, o.held_until, o.hold_reason, o.send_interval_ms, o.answers,
  (SELECT d.due_at FROM deliveries d WHERE d.webhook_id = o.id AND d.status = 'pending'
   ORDER BY d.due_at, d.id LIMIT 1),
  (SELECT d.id FROM deliveries d WHERE d.webhook_id = o.id AND d.status = 'pending'
   ORDER BY d.due_at, d.id LIMIT 1)
FROM (SELECT min(at) AS resumes_at FROM (
  SELECT min(held_until) AS at FROM webhooks WHERE held_until > :now
  UNION ALL SELECT min(paused_until) FROM webhooks WHERE paused_until > :now) AS ends) AS next
LEFT JOIN open AS o ON true
"""
_SQLITE = ", open AS (SELECT {columns} {open})"
# What is held or paced is locked, as two workers may not take the same place in the pace.
_POSTGRESQL = """, held AS (
  SELECT {columns} {open}
    AND (w.hold_reason IS NOT NULL OR w.send_interval_ms IS NOT NULL)
  FOR NO KEY UPDATE OF w SKIP LOCKED
), open AS (
  SELECT * FROM held
  UNION ALL
  SELECT {columns} {open} AND w.hold_reason IS NULL AND w.send_interval_ms IS NULL
)"""
_FOUND: list[ColumnClause[Any]] = [
    column(name)
    for name in (
        *("resumes_at", "id", "held_until", "hold_reason", "send_interval_ms", "answers"),
        *("due_at", "first"),
    )
]
STATEMENTS = {
    dialect: _WAITING + part.format(columns=_COLUMNS, open=_OPEN) + _READ
    for dialect, part in (("sqlite", _SQLITE), ("postgresql", _POSTGRESQL))
}
# With its columns named, what SQLAlchemy makes of the result is made once and kept.
_STATEMENTS = {dialect: text(sql).columns(*_FOUND) for dialect, sql in STATEMENTS.items()}


class Source(NamedTuple):
    """A webhook of which up to `slots` deliveries may be claimed; its oldest one is due."""

    webhook_id: int
    slots: int
    served: int
    answers: bool
    due_at: int
    first: int

    @property
    def order(self) -> tuple[int, int, int]:
        """Served longest ago first; of those never served, whose oldest delivery is the newest."""
        return self.served, self.due_at, -self.first


class Waiting(NamedTuple):
    """The sources of a claim in order, the gates of some, and when another webhook may go on."""

    sources: list[Source]
    gates: dict[int, Gate]
    resumes_in: float


def read(connection: Connection, demand: Demand, moment: datetime) -> Waiting:
    """The webhooks of which a worker may claim."""
    at = milliseconds(moment)
    sources: list[Source] = []
    gates: dict[int, Gate] = {}
    default = Known(demand.default_slots)
    found = connection.execute(_STATEMENTS[connection.dialect.name], {"now": at}).all()
    for _, webhook, until, reason, interval, answers, due_at, first in found:
        if due_at is None or due_at > at:
            continue
        slots, served, is_suspect = demand.known.get(webhook, default)
        slots = min(slots, MAX_OF_EACH)
        if reason or interval:
            gates[webhook] = gate = Gate(until or 0, reason, interval)
            slots = min(slots, gate.room(at))
        if slots > 0:
            sources.append(
                Source(webhook, slots, served, bool(answers) and not is_suspect, due_at, first)
            )
    sources.sort(key=lambda source: source.order)
    resumes_at = found[0].resumes_at
    return Waiting(sources, gates, inf if resumes_at is None else (resumes_at - at) / 1000)
