"""The two statements of the queue in which the databases differ.

Which webhooks have something waiting is found by hopping over the partial index
``ix_deliveries_due`` from one webhook to the next, so that 100,000 deliveries waiting for a dead
receiver cost one hop. Of each, only the first few that are due are looked at. The orders are those
of the index to its last column: so it is taken whatever the statistics say, and never sorted.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, text

# Most that one claim takes for a single webhook: a constant, since SQLite takes no column here.
_AT_ONCE = 32

_WAITING = """
WITH RECURSIVE waiting(webhook_id) AS (
  SELECT (SELECT d.webhook_id FROM deliveries d WHERE d.status = 'pending'
          ORDER BY d.webhook_id, d.due_at, d.id LIMIT 1)
  UNION ALL
  SELECT (SELECT d.webhook_id FROM deliveries d
          WHERE d.status = 'pending' AND d.webhook_id > waiting.webhook_id
          ORDER BY d.webhook_id, d.due_at, d.id LIMIT 1)
  FROM waiting WHERE waiting.webhook_id IS NOT NULL
), ready(webhook_id, slots) AS (
  SELECT w.id, COALESCE(CAST({slots} AS INTEGER), :usual)
  FROM waiting JOIN webhooks w ON w.id = waiting.webhook_id
  WHERE w.enabled AND w.deleted_at IS NULL AND COALESCE(CAST({slots} AS INTEGER), :usual) > 0
), first(id, rank, due_at) AS (
  {first}
)
UPDATE deliveries
SET status = 'delivering', due_at = NULL, lease_until = :lease_until, claims = claims + 1
WHERE id {chosen} AND status = 'pending'
RETURNING id, claims, webhook_id, event_id, public_id, attempts_made
"""
_CHOSEN = "SELECT id FROM first ORDER BY rank, due_at, id LIMIT :most"
_SQLITE_FIRST = f"""
  SELECT id, rank, due_at FROM (
    SELECT d.id, d.due_at, ready.slots,
           row_number() OVER (PARTITION BY d.webhook_id ORDER BY d.due_at, d.id) AS rank
    FROM ready JOIN deliveries d ON d.id IN (
      SELECT p.id FROM deliveries p
      WHERE p.webhook_id = ready.webhook_id AND p.status = 'pending' AND p.due_at <= :now
      ORDER BY p.due_at, p.id LIMIT {_AT_ONCE})
  ) AS ranked WHERE rank <= slots
"""
_POSTGRESQL_FIRST = f"""
  SELECT d.id, row_number() OVER (PARTITION BY ready.webhook_id ORDER BY d.due_at, d.id), d.due_at
  FROM ready CROSS JOIN LATERAL (
    SELECT p.id, p.due_at FROM deliveries p
    WHERE p.webhook_id = ready.webhook_id AND p.status = 'pending' AND p.due_at <= :now
    ORDER BY p.due_at, p.id LIMIT least(ready.slots, {_AT_ONCE}) FOR UPDATE SKIP LOCKED
  ) AS d
"""
_CLAIM = {
    "sqlite": text(
        _WAITING.format(
            slots="json_extract(:slots, '$.\"' || waiting.webhook_id || '\"')",
            first=_SQLITE_FIRST,
            chosen=f"IN ({_CHOSEN})",
        )
    ),
    "postgresql": text(
        _WAITING.format(
            slots="(CAST(:slots AS jsonb) ->> CAST(waiting.webhook_id AS text))",
            first=_POSTGRESQL_FIRST,
            # By the primary key, whatever the statistics say of how many wait.
            chosen=f"= ANY (ARRAY({_CHOSEN}))",
        )
    ),
}
_FINISH = """
UPDATE deliveries
SET status = r.status, due_at = r.due_at, attempts_made = r.attempts_made,
    error = r.error, finished_at = r.finished_at, lease_until = NULL
FROM ({rows}) AS r
WHERE deliveries.id = r.id AND deliveries.claims = r.claims AND deliveries.status = 'delivering'
RETURNING deliveries.id, deliveries.claims
"""
_FIELDS = ("id", "claims", "status", "due_at", "attempts_made", "error", "finished_at")
_FINISHES = {
    "sqlite": text(
        _FINISH.format(
            rows="SELECT "
            + ", ".join(f"value ->> '{name}' AS {name}" for name in _FIELDS)
            + " FROM json_each(:rows)"
        )
    ),
    "postgresql": text(
        _FINISH.format(
            rows="SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(id bigint,"
            " claims integer, status text, due_at bigint, attempts_made integer,"
            " error text, finished_at bigint)"
        )
    ),
}


def statement(dialect: str) -> TextClause:
    """The claim; it returns the fields of `job.Claim` for each row that is ours now."""
    return _CLAIM[dialect]


def parameters(
    slots: Mapping[int, int], usual: int, most: int, moment: datetime, lease_until: datetime
) -> dict[str, Any]:
    """The claim's parameters; see `queue.claim`."""
    return {
        "slots": json.dumps({str(webhook): count for webhook, count in slots.items()}),
        "usual": usual,
        "most": most,
        "now": int(moment.timestamp() * 1000),
        "lease_until": int(lease_until.timestamp() * 1000),
    }


def finish(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[tuple[int, int]]:
    """Moves claimed rows on; id and claims of those whose claim still held."""
    found = connection.execute(
        _FINISHES[connection.dialect.name], {"rows": json.dumps([dict(row) for row in rows])}
    )
    return {(row[0], row[1]) for row in found}
