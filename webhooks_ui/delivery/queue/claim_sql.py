"""The two statements of the queue in which the databases differ.

The claim finds the webhooks that have something waiting by a loose scan of the partial index
``ix_deliveries_due``: it hops from one webhook to the next, so that 100,000 deliveries waiting for
a dead receiver cost one hop. Of each webhook at most 32 due deliveries are read. Every ORDER BY is
that of the index to its last column, so the index is used whatever the statistics say. Among
webhooks that were never served, those go first whose oldest delivery is the newest: they keep up.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import inf
from typing import Any

from sqlalchemy import Connection, text

from webhooks_ui.database.types import milliseconds
from webhooks_ui.delivery.queue.claims import Claim, Demand
from webhooks_ui.delivery.queue.holds import BURST

# Of most webhooks one or two are wanted, and LIMIT takes no column.
_DUE_OF_EACH = """
  SELECT d.id, d.due_at, known.slots, known.served, known.answers,
         row_number() OVER (PARTITION BY d.webhook_id ORDER BY d.due_at, d.id)
  FROM known JOIN deliveries d ON d.id IN (
    SELECT p.id FROM deliveries p
    WHERE p.webhook_id = known.webhook_id AND p.status = 'pending' AND p.due_at <= :now
    ORDER BY p.due_at, p.id LIMIT {most})
  WHERE known.slots BETWEEN {least} AND {most}
"""
_CLAIM_ON_SQLITE = """
WITH RECURSIVE waiting(webhook_id) AS (
  SELECT (SELECT d.webhook_id FROM deliveries d WHERE d.status = 'pending'
          ORDER BY d.webhook_id, d.due_at, d.id LIMIT 1)
  UNION ALL
  SELECT (SELECT d.webhook_id FROM deliveries d
          WHERE d.status = 'pending' AND d.webhook_id > waiting.webhook_id
          ORDER BY d.webhook_id, d.due_at, d.id LIMIT 1)
  FROM waiting WHERE waiting.webhook_id IS NOT NULL
), told(webhook_id, slots, served, is_suspect) AS MATERIALIZED (
  SELECT CAST(key AS INTEGER), value ->> 0, value ->> 1, value ->> 2 FROM json_each(:told)
), known(webhook_id, slots, served, answers) AS MATERIALIZED (
  SELECT w.id,
    min(COALESCE(t.slots, :default_slots), CASE
      WHEN w.hold_reason IS NOT NULL THEN 1
      WHEN w.send_interval_ms IS NULL THEN 32
      ELSE 1 + CAST((:now - max(COALESCE(w.held_until, 0), :now - :burst))
                    / w.send_interval_ms AS INTEGER)
    END),
    COALESCE(t.served, 0),
    w.failing_since IS NULL AND w.last_succeeded IS TRUE AND COALESCE(t.is_suspect, 0) = 0
  FROM waiting CROSS JOIN webhooks w ON w.id = waiting.webhook_id
  LEFT JOIN told t ON t.webhook_id = w.id
  WHERE w.enabled AND w.deleted_at IS NULL AND COALESCE(w.held_until, 0) <= :now
    AND COALESCE(w.paused_until, 0) <= :now
), ranked(id, due_at, slots, served, answers, rank) AS (
  DUE_OF_FEW UNION ALL DUE_OF_MANY
), placed(id, due_at, served, answers, rank, place) AS (
  SELECT id, due_at, served, answers, rank,
         row_number() OVER (PARTITION BY answers ORDER BY rank, served, due_at, id DESC)
  FROM ranked WHERE rank <= slots
)
UPDATE deliveries
SET status = 'delivering', due_at = NULL, lease_until = :lease_until, claims = claims + 1
WHERE id IN (
    SELECT id FROM placed WHERE answers OR place <= :unproven
    ORDER BY rank, served, due_at, id DESC LIMIT :limit)
  AND status = 'pending'
RETURNING id, claims, webhook_id, event_id, public_id, attempts_made, refusals, created_at,
          COALESCE(message_id, public_id)
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
), held AS (
  SELECT w.id, w.held_until, w.hold_reason, w.send_interval_ms,
         w.failing_since IS NULL AND w.last_succeeded IS TRUE AS answers
  FROM waiting JOIN webhooks w ON w.id = waiting.webhook_id
  WHERE w.enabled AND w.deleted_at IS NULL AND COALESCE(w.held_until, 0) <= :now
    AND COALESCE(w.paused_until, 0) <= :now
    AND (w.hold_reason IS NOT NULL OR w.send_interval_ms IS NOT NULL)
  FOR NO KEY UPDATE OF w SKIP LOCKED
), allowed AS (
  SELECT id, answers, CASE
      WHEN hold_reason IS NOT NULL THEN 1
      ELSE 1 + CAST(floor((:now - greatest(held_until, :now - :burst)) / send_interval_ms)
                    AS integer)
    END AS slots
  FROM held
  UNION ALL
  SELECT w.id, w.failing_since IS NULL AND w.last_succeeded IS TRUE, 32
  FROM waiting JOIN webhooks w ON w.id = waiting.webhook_id
  WHERE w.enabled AND w.deleted_at IS NULL AND COALESCE(w.held_until, 0) <= :now
    AND COALESCE(w.paused_until, 0) <= :now
    AND w.hold_reason IS NULL AND w.send_interval_ms IS NULL
), known(webhook_id, slots, served, answers) AS (
  SELECT a.id,
    least(COALESCE(CAST(t.told ->> 0 AS integer), :default_slots), a.slots),
    COALESCE(CAST(t.told ->> 1 AS bigint), 0),
    a.answers AND COALESCE(t.told ->> 2, 'false') = 'false'
  FROM allowed a
  CROSS JOIN LATERAL (SELECT CAST(:told AS jsonb) -> CAST(a.id AS text) AS told) t
), ranked(id, due_at, served, answers, rank) AS (
  SELECT d.id, d.due_at, known.served, known.answers,
         row_number() OVER (PARTITION BY known.webhook_id ORDER BY d.due_at, d.id)
  FROM known CROSS JOIN LATERAL (
    SELECT p.id, p.due_at FROM deliveries p
    WHERE p.webhook_id = known.webhook_id AND p.status = 'pending' AND p.due_at <= :now
    ORDER BY p.due_at, p.id LIMIT least(known.slots, 32) FOR UPDATE SKIP LOCKED) AS d
  WHERE known.slots > 0
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY answers ORDER BY rank, served, due_at, id DESC) AS place
  FROM ranked
)
UPDATE deliveries
SET status = 'delivering', due_at = NULL, lease_until = :lease_until, claims = claims + 1
WHERE id = ANY (ARRAY(
    SELECT id FROM placed WHERE answers OR place <= :unproven
    ORDER BY rank, served, due_at, id DESC LIMIT :limit))
  AND status = 'pending'
RETURNING id, claims, webhook_id, event_id, public_id, attempts_made, refusals, created_at,
          COALESCE(message_id, public_id)
"""
_FINISH_ON_SQLITE = """
UPDATE deliveries
SET status = r.status, due_at = r.due_at, attempts_made = r.attempts_made,
    error = r.error, finished_at = r.finished_at, lease_until = NULL,
    refusals = refusals + r.refused
FROM (
  SELECT value ->> 'id' AS id, value ->> 'claims' AS claims, value ->> 'status' AS status,
         value ->> 'due_at' AS due_at, value ->> 'attempts_made' AS attempts_made,
         value ->> 'error' AS error, value ->> 'finished_at' AS finished_at,
         value ->> 'refused' AS refused
  FROM json_each(:rows)
) AS r
WHERE deliveries.id = r.id AND deliveries.claims = r.claims
  AND deliveries.status IN ('delivering', 'pending') AND deliveries.attempts_made < r.attempts_made
RETURNING deliveries.id, deliveries.claims
"""
_FINISH_ON_POSTGRESQL = """
UPDATE deliveries
SET status = r.status, due_at = r.due_at, attempts_made = r.attempts_made,
    error = r.error, finished_at = r.finished_at, lease_until = NULL,
    refusals = refusals + r.refused
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
  id bigint, claims integer, status text, due_at bigint, attempts_made integer,
  error text, finished_at bigint, refused integer)
WHERE deliveries.id = r.id AND deliveries.claims = r.claims
  AND deliveries.status IN ('delivering', 'pending') AND deliveries.attempts_made < r.attempts_made
RETURNING deliveries.id, deliveries.claims
"""
# A pace moves on by an interval for each delivery claimed; a probe holds its webhook until its
# outcome is recorded, or its lease has ended.
_MOVE_ON = """
UPDATE webhooks
SET held_until = CASE
      WHEN hold_reason IN ('failing', 'probing') THEN :lease_until
      WHEN send_interval_ms IS NOT NULL THEN
        CAST(round({greatest}(COALESCE(held_until, 0), :now - :burst)
                   + send_interval_ms * {count}) AS bigint) END,
    hold_reason = CASE WHEN hold_reason IN ('failing', 'probing') THEN 'probing' END
FROM {counts} AS c
WHERE webhooks.id = CAST(c.key AS bigint)
  AND (hold_reason IS NOT NULL OR send_interval_ms IS NOT NULL)
"""
MOVE_ON = {
    "sqlite": text(_MOVE_ON.format(greatest="max", counts="json_each(:counts)", count="c.value")),
    "postgresql": text(
        _MOVE_ON.format(
            greatest="greatest",
            counts="jsonb_each_text(CAST(:counts AS jsonb))",
            count="CAST(c.value AS integer)",
        )
    ),
}
_RESUMES_AT = text(
    "SELECT min(at) FROM (SELECT min(held_until) AS at FROM webhooks WHERE held_until > :now"
    " UNION ALL SELECT min(paused_until) FROM webhooks WHERE paused_until > :now) AS ends"
)
_CLAIM_ON_SQLITE = _CLAIM_ON_SQLITE.replace(
    "DUE_OF_FEW", _DUE_OF_EACH.format(least=1, most=2)
).replace("DUE_OF_MANY", _DUE_OF_EACH.format(least=3, most=32))
CLAIM = {"sqlite": text(_CLAIM_ON_SQLITE), "postgresql": text(_CLAIM_ON_POSTGRESQL)}
_FINISH = {"sqlite": text(_FINISH_ON_SQLITE), "postgresql": text(_FINISH_ON_POSTGRESQL)}


def parameters(demand: Demand, moment: datetime) -> dict[str, Any]:
    """The parameters of `CLAIM`."""
    return {
        "told": json.dumps(dict(demand.known)),
        "default_slots": demand.default_slots,
        "unproven": demand.unproven,
        "limit": demand.limit,
        "now": milliseconds(moment),
        "burst": BURST // timedelta(milliseconds=1),
        "lease_until": milliseconds(moment + demand.lease),
    }


def claim(connection: Connection, demand: Demand, moment: datetime) -> list[Claim]:
    """Leases due deliveries, and moves the holds of their webhooks on."""
    dialect, given = connection.dialect.name, parameters(demand, moment)
    claims = [Claim(*row) for row in connection.execute(CLAIM[dialect], given)]
    if claims:
        counts = json.dumps(Counter(claim.webhook_id for claim in claims))
        wanted = {name: given[name] for name in ("now", "burst", "lease_until")}
        connection.execute(MOVE_ON[dialect], wanted | {"counts": counts})
    return claims


def resumes_in(connection: Connection, moment: datetime) -> float:
    """In how many seconds the next webhook that is held or paused may go on."""
    found = connection.execute(_RESUMES_AT, {"now": milliseconds(moment)}).scalar()
    return inf if found is None else (found - milliseconds(moment)) / 1000


def finish(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[tuple[int, int]]:
    """Writes the next state of claimed deliveries; id and claims of those still held."""
    given = {"rows": json.dumps([dict(row) for row in rows])}
    return {(row[0], row[1]) for row in connection.execute(_FINISH[connection.dialect.name], given)}
