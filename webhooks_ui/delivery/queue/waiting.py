"""Which webhooks have something due, and how much of it one claim may take.

They are found by a loose scan of the partial index ``ix_deliveries_due``: it hops from one webhook
to the next, so that 100,000 deliveries waiting for a dead receiver cost one hop. Every ORDER BY is
that of the index to its last column, so the index is used whatever the statistics say. While none
of those that do not answer may be claimed, no more than the hop is spent on them.
"""

from datetime import datetime
from math import inf
from typing import NamedTuple

from sqlalchemy import text

from webhooks_ui.database.prepared import Prepared, Runner
from webhooks_ui.database.types import milliseconds
from webhooks_ui.delivery.queue.claims import Demand, Known
from webhooks_ui.delivery.queue.holds import Gate

MAX_OF_EACH = 32  # deliveries of one webhook in one claim
MAX_HOPS = 500  # webhooks that one claim looks at; the next one goes on from there

# There is always a row, which tells when the next webhook may go on, also where none is open.
_ON_SQLITE = """
WITH RECURSIVE waiting(webhook_id, due_at, first, hop) AS (
  SELECT CAST(:after AS bigint), CAST(0 AS bigint), CAST(0 AS bigint), 0
  UNION ALL
  SELECT d.webhook_id, d.due_at, d.id, hop + 1
  FROM waiting JOIN deliveries d ON d.id = (
    SELECT n.id FROM deliveries n
    WHERE n.status = 'pending' AND n.webhook_id > waiting.webhook_id
    ORDER BY n.webhook_id, n.due_at, n.id LIMIT 1)
  WHERE hop < :most
), open AS (
  SELECT w.id, w.held_until, w.hold_reason, w.send_interval_ms,
         (w.failing_since IS NULL AND w.last_succeeded IS TRUE) AS answers,
         waiting.due_at, waiting.first
  FROM waiting CROSS JOIN webhooks w
  WHERE hop > 0 AND w.id = waiting.webhook_id AND w.enabled AND w.deleted_at IS NULL
    AND COALESCE(w.held_until, 0) <= :now AND COALESCE(w.paused_until, 0) <= :now
    AND (:unproven > 0 OR (w.failing_since IS NULL AND w.last_succeeded IS TRUE))
)
SELECT next.resumes_at, next.after, o.id, o.held_until, o.hold_reason, o.send_interval_ms,
       o.answers, o.due_at, o.first
FROM (
  SELECT min(at) AS resumes_at, (SELECT webhook_id FROM waiting WHERE hop = :most) AS after
  FROM (
    SELECT min(held_until) AS at FROM webhooks WHERE held_until > :now
    UNION ALL SELECT min(paused_until) FROM webhooks WHERE paused_until > :now
  ) AS ends
) AS next LEFT JOIN open AS o ON true
"""
# What is held or paced is locked, as two workers may not take the same place in the pace.
_ON_POSTGRESQL = """
WITH RECURSIVE waiting(webhook_id, due_at, first, hop) AS (
  SELECT CAST(:after AS bigint), CAST(0 AS bigint), CAST(0 AS bigint), 0
  UNION ALL
  SELECT d.webhook_id, d.due_at, d.id, hop + 1
  FROM waiting CROSS JOIN LATERAL (
    SELECT n.webhook_id, n.due_at, n.id FROM deliveries n
    WHERE n.status = 'pending' AND n.webhook_id > waiting.webhook_id
    ORDER BY n.webhook_id, n.due_at, n.id LIMIT 1) AS d
  WHERE hop < :most
), held AS (
  SELECT w.id, w.held_until, w.hold_reason, w.send_interval_ms,
         (w.failing_since IS NULL AND w.last_succeeded IS TRUE) AS answers,
         waiting.due_at, waiting.first
  FROM waiting CROSS JOIN webhooks w
  WHERE hop > 0 AND w.id = waiting.webhook_id AND w.enabled AND w.deleted_at IS NULL
    AND COALESCE(w.held_until, 0) <= :now AND COALESCE(w.paused_until, 0) <= :now
    AND (:unproven > 0 OR (w.failing_since IS NULL AND w.last_succeeded IS TRUE))
    AND (w.hold_reason IS NOT NULL OR w.send_interval_ms IS NOT NULL)
  FOR NO KEY UPDATE OF w SKIP LOCKED
), open AS (
  SELECT * FROM held
  UNION ALL
  SELECT w.id, w.held_until, w.hold_reason, w.send_interval_ms,
         (w.failing_since IS NULL AND w.last_succeeded IS TRUE) AS answers,
         waiting.due_at, waiting.first
  FROM waiting CROSS JOIN webhooks w
  WHERE hop > 0 AND w.id = waiting.webhook_id AND w.enabled AND w.deleted_at IS NULL
    AND COALESCE(w.held_until, 0) <= :now AND COALESCE(w.paused_until, 0) <= :now
    AND (:unproven > 0 OR (w.failing_since IS NULL AND w.last_succeeded IS TRUE))
    AND w.hold_reason IS NULL AND w.send_interval_ms IS NULL
)
SELECT next.resumes_at, next.after, o.id, o.held_until, o.hold_reason, o.send_interval_ms,
       o.answers, o.due_at, o.first
FROM (
  SELECT min(at) AS resumes_at, (SELECT webhook_id FROM waiting WHERE hop = :most) AS after
  FROM (
    SELECT min(held_until) AS at FROM webhooks WHERE held_until > :now
    UNION ALL SELECT min(paused_until) FROM webhooks WHERE paused_until > :now
  ) AS ends
) AS next LEFT JOIN open AS o ON true
"""
STATEMENTS = {"sqlite": _ON_SQLITE, "postgresql": _ON_POSTGRESQL}
_STATEMENT = Prepared({dialect: text(sql) for dialect, sql in STATEMENTS.items()})


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
    """The sources of a claim in order, the gates of some, and when another webhook may go on.

    `is_more`: there are webhooks that it did not look at, which begin after the row `after`, or
    something is due to one that has as much under way as it may.
    """

    sources: list[Source]
    gates: dict[int, Gate]
    resumes_in: float
    is_more: bool
    after: int


def read(runner: Runner, demand: Demand, moment: datetime) -> Waiting:
    """The webhooks of which a worker may claim."""
    at, is_more = milliseconds(moment), demand.after > 0
    sources: list[Source] = []
    gates: dict[int, Gate] = {}
    default = Known(demand.default_slots)
    look = {"now": at, "after": demand.after, "most": MAX_HOPS, "unproven": demand.unproven}
    found = runner.run(_STATEMENT, **look).fetchall()
    for _, _, webhook, until, reason, interval, answers, due_at, first in found:
        if webhook is None or due_at > at:
            continue
        slots, served, is_suspect = demand.known(webhook) or default
        slots = min(slots, MAX_OF_EACH)
        is_more = is_more or slots <= 0
        if reason or interval:
            gates[webhook] = gate = Gate(until or 0, reason, interval)
            slots = min(slots, gate.room(at))
        if slots > 0:
            sources.append(
                Source(webhook, slots, served, bool(answers) and not is_suspect, due_at, first)
            )
    sources.sort(key=lambda source: source.order)
    resumes_at, after = found[0][:2]
    resumes_in = inf if resumes_at is None else (resumes_at - at) / 1000
    return Waiting(sources, gates, resumes_in, is_more or after is not None, after or 0)
