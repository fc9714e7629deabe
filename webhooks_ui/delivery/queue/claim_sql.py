"""The two statements of the queue in which the databases differ.

The claim finds the webhooks that have something waiting by a loose scan of the partial index
``ix_deliveries_due``: it hops from one webhook to the next, so that 100,000 deliveries waiting for
a dead receiver cost one hop. Of each webhook at most 32 due deliveries are read. Every ORDER BY is
that of the index to its last column, so the index is used whatever the statistics say.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from webhooks_ui.database.types import milliseconds
from webhooks_ui.delivery.queue.claims import Claim, Demand

_CLAIM_ON_SQLITE = """
WITH RECURSIVE waiting(webhook_id) AS (
  SELECT (SELECT d.webhook_id FROM deliveries d WHERE d.status = 'pending'
          ORDER BY d.webhook_id, d.due_at, d.id LIMIT 1)
  UNION ALL
  SELECT (SELECT d.webhook_id FROM deliveries d
          WHERE d.status = 'pending' AND d.webhook_id > waiting.webhook_id
          ORDER BY d.webhook_id, d.due_at, d.id LIMIT 1)
  FROM waiting WHERE waiting.webhook_id IS NOT NULL
), known(webhook_id, slots) AS (
  SELECT w.id, COALESCE(json_extract(:slots, '$."' || w.id || '"'), :default_slots)
  FROM waiting JOIN webhooks w ON w.id = waiting.webhook_id
  WHERE w.enabled AND w.deleted_at IS NULL
), ranked(id, due_at, slots, rank) AS (
  SELECT d.id, d.due_at, known.slots,
         row_number() OVER (PARTITION BY d.webhook_id ORDER BY d.due_at, d.id)
  FROM known JOIN deliveries d ON d.id IN (
    SELECT p.id FROM deliveries p
    WHERE p.webhook_id = known.webhook_id AND p.status = 'pending' AND p.due_at <= :now
    ORDER BY p.due_at, p.id LIMIT 32)
  WHERE known.slots > 0
)
UPDATE deliveries
SET status = 'delivering', due_at = NULL, lease_until = :lease_until, claims = claims + 1
WHERE id IN (SELECT id FROM ranked WHERE rank <= slots ORDER BY rank, due_at, id LIMIT :limit)
  AND status = 'pending'
RETURNING id, claims, webhook_id, event_id, public_id, attempts_made
"""
# The last step is by the primary key (= ANY), whatever the statistics say of how many wait.
_CLAIM_ON_POSTGRESQL = """
WITH RECURSIVE waiting(webhook_id) AS (
  SELECT (SELECT d.webhook_id FROM deliveries d WHERE d.status = 'pending'
          ORDER BY d.webhook_id, d.due_at, d.id LIMIT 1)
  UNION ALL
  SELECT (SELECT d.webhook_id FROM deliveries d
          WHERE d.status = 'pending' AND d.webhook_id > waiting.webhook_id
          ORDER BY d.webhook_id, d.due_at, d.id LIMIT 1)
  FROM waiting WHERE waiting.webhook_id IS NOT NULL
), known(webhook_id, slots) AS (
  SELECT w.id, COALESCE(CAST(CAST(:slots AS jsonb) ->> CAST(w.id AS text) AS integer),
                        :default_slots)
  FROM waiting JOIN webhooks w ON w.id = waiting.webhook_id
  WHERE w.enabled AND w.deleted_at IS NULL
), ranked(id, due_at, rank) AS (
  SELECT d.id, d.due_at,
         row_number() OVER (PARTITION BY known.webhook_id ORDER BY d.due_at, d.id)
  FROM known CROSS JOIN LATERAL (
    SELECT p.id, p.due_at FROM deliveries p
    WHERE p.webhook_id = known.webhook_id AND p.status = 'pending' AND p.due_at <= :now
    ORDER BY p.due_at, p.id LIMIT least(known.slots, 32) FOR UPDATE SKIP LOCKED) AS d
  WHERE known.slots > 0
)
UPDATE deliveries
SET status = 'delivering', due_at = NULL, lease_until = :lease_until, claims = claims + 1
WHERE id = ANY (ARRAY(SELECT id FROM ranked ORDER BY rank, due_at, id LIMIT :limit))
  AND status = 'pending'
RETURNING id, claims, webhook_id, event_id, public_id, attempts_made
"""
_FINISH_ON_SQLITE = """
UPDATE deliveries
SET status = r.status, due_at = r.due_at, attempts_made = r.attempts_made,
    error = r.error, finished_at = r.finished_at, lease_until = NULL
FROM (
  SELECT value ->> 'id' AS id, value ->> 'claims' AS claims, value ->> 'status' AS status,
         value ->> 'due_at' AS due_at, value ->> 'attempts_made' AS attempts_made,
         value ->> 'error' AS error, value ->> 'finished_at' AS finished_at
  FROM json_each(:rows)
) AS r
WHERE deliveries.id = r.id AND deliveries.claims = r.claims AND deliveries.status = 'delivering'
RETURNING deliveries.id, deliveries.claims
"""
_FINISH_ON_POSTGRESQL = """
UPDATE deliveries
SET status = r.status, due_at = r.due_at, attempts_made = r.attempts_made,
    error = r.error, finished_at = r.finished_at, lease_until = NULL
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
  id bigint, claims integer, status text, due_at bigint, attempts_made integer,
  error text, finished_at bigint)
WHERE deliveries.id = r.id AND deliveries.claims = r.claims AND deliveries.status = 'delivering'
RETURNING deliveries.id, deliveries.claims
"""
CLAIM = {"sqlite": text(_CLAIM_ON_SQLITE), "postgresql": text(_CLAIM_ON_POSTGRESQL)}
_FINISH = {"sqlite": text(_FINISH_ON_SQLITE), "postgresql": text(_FINISH_ON_POSTGRESQL)}


def parameters(demand: Demand, moment: datetime) -> dict[str, Any]:
    """The parameters of `CLAIM`."""
    return {
        "slots": json.dumps(dict(demand.slots)),
        "default_slots": demand.default_slots,
        "limit": demand.limit,
        "now": milliseconds(moment),
        "lease_until": milliseconds(moment + demand.lease),
    }


def claim(connection: Connection, demand: Demand, moment: datetime) -> list[Claim]:
    """Leases due deliveries."""
    found = connection.execute(CLAIM[connection.dialect.name], parameters(demand, moment))
    return [Claim(*row) for row in found]


def finish(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[tuple[int, int]]:
    """Writes the next state of claimed deliveries; id and claims of those still held."""
    given = {"rows": json.dumps([dict(row) for row in rows])}
    return {(row[0], row[1]) for row in connection.execute(_FINISH[connection.dialect.name], given)}
