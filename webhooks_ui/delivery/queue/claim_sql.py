"""The statements of the queue in which the databases differ, each whole: the claim and the outcome.

A claim takes the first delivery of each webhook in turn (`waiting`), then the second of each, and
so on: of none more than it may have under way, and of those that do not answer a few together.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import inf
from typing import Any, cast

from sqlalchemy import BigInteger, String, Table, text, update

from webhooks_ui.database.prepared import ManyRows, Prepared, Runner
from webhooks_ui.database.types import milliseconds
from webhooks_ui.delivery.queue import waiting
from webhooks_ui.delivery.queue.claims import Claim, Demand, Turn
from webhooks_ui.delivery.queue.holds import Gate
from webhooks_ui.delivery.queue.waiting import Source
from webhooks_ui.models import Webhook

_WEBHOOKS = cast("Table", Webhook.__table__)
DUE_ON_SQLITE = """
SELECT due_at, id FROM deliveries
WHERE webhook_id = :webhook_id AND status = 'pending' AND due_at <= :now
ORDER BY due_at, id LIMIT :slots
"""
_LEASE_ON_SQLITE = """
UPDATE deliveries
SET status = 'delivering', due_at = NULL, lease_until = :lease_until, lease_holder = :holder,
    claims = claims + 1
WHERE id IN (SELECT value FROM json_each(:ids))
RETURNING id, claims, webhook_id, event_id, public_id, attempts_made, refusals, created_at,
          COALESCE(message_id, public_id)
"""
# The last step is by the primary key (= ANY): a condition on the status would invite a partial
# index that all that waits is in. That these rows are pending was seen when they were locked.
LEASE_ON_POSTGRESQL = """
WITH known AS (
  SELECT * FROM json_to_recordset(CAST(:sources AS json)) AS k(
    webhook_id bigint, slots integer, served bigint, answers boolean)
), ranked(id, due_at, served, answers, rank) AS (
  SELECT d.id, d.due_at, known.served, known.answers,
         row_number() OVER (PARTITION BY known.webhook_id ORDER BY d.due_at, d.id)
  FROM known CROSS JOIN LATERAL (
    SELECT p.id, p.due_at FROM deliveries p
    WHERE p.webhook_id = known.webhook_id AND p.status = 'pending' AND p.due_at <= :now
    ORDER BY p.due_at, p.id LIMIT known.slots FOR UPDATE SKIP LOCKED) AS d
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY answers ORDER BY rank, served, due_at, id DESC) AS place
  FROM ranked
)
UPDATE deliveries
SET status = 'delivering', due_at = NULL, lease_until = :lease_until, lease_holder = :holder,
    claims = claims + 1
WHERE id = ANY (ARRAY(
  SELECT id FROM placed WHERE answers OR place <= :unproven
  ORDER BY rank, served, due_at, id DESC LIMIT :limit))
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
_LEASE = Prepared({"sqlite": text(_LEASE_ON_SQLITE), "postgresql": text(LEASE_ON_POSTGRESQL)})
_FINISH = Prepared({"sqlite": text(_FINISH_ON_SQLITE), "postgresql": text(_FINISH_ON_POSTGRESQL)})
_DUE = Prepared(text(DUE_ON_SQLITE))
_MOVE_ON = ManyRows(
    {"row": BigInteger(), "until": BigInteger(), "reason": String()},
    lambda _, values: (
        update(_WEBHOOKS)
        .where(_WEBHOOKS.c.id == values["row"])
        .values(held_until=values["until"], hold_reason=values["reason"])
    ),
)


def claim(runner: Runner, demand: Demand, moment: datetime) -> Turn:
    """Leases due deliveries, and moves the holds of their webhooks on."""
    found = waiting.read(runner, demand, moment)
    sources = first_taken(found.sources, demand)
    if not sources:
        return Turn([], found.resumes_in, found.is_more or bool(found.sources), found.after)
    given = parameters(sources, demand, moment)
    if runner.dialect.name == "sqlite":
        ids = json.dumps(_chosen(runner, sources, demand, given["now"]))
        given = {"ids": ids} | {name: given[name] for name in ("now", "lease_until", "holder")}
    claims = [Claim(*row) for row in runner.run(_LEASE, **given).fetchall()]
    taken = Counter(claim.webhook_id for claim in claims)
    is_more = found.is_more or len(sources) < len(found.sources) or len(claims) >= demand.limit
    is_more = is_more or any(taken[one.webhook_id] >= one.slots for one in sources)
    resumes_in = _move_on(runner, found.gates, taken, given) if found.gates else inf
    return Turn(claims, min(found.resumes_in, resumes_in), is_more, found.after)


def first_taken(sources: Sequence[Source], demand: Demand) -> list[Source]:
    """Those of which the first delivery is taken; where that is enough, no more of any."""
    unproven, taken = demand.unproven, []
    for source in sources:
        if not source.answers:
            if unproven <= 0:
                continue
            unproven -= 1
        taken.append(source)
        if len(taken) == demand.limit:
            return [one._replace(slots=1) for one in taken]
    return taken


def parameters(sources: Sequence[Source], demand: Demand, moment: datetime) -> dict[str, Any]:
    """The parameters of `LEASE_ON_POSTGRESQL`."""
    return {
        "sources": json.dumps([source._asdict() for source in sources]),
        "unproven": demand.unproven,
        "limit": demand.limit,
        "now": milliseconds(moment),
        "lease_until": milliseconds(moment + demand.lease),
        "holder": demand.holder,
    }


def _chosen(runner: Runner, sources: Sequence[Source], demand: Demand, at: int) -> list[int]:
    """The ids to lease, as `LEASE_ON_POSTGRESQL` finds them: here a query costs little."""
    due: list[tuple[int, int, int, int, bool]] = []
    for source in sources:
        found = [(source.due_at, source.first)]
        if source.slots > 1:
            given = {"webhook_id": source.webhook_id, "now": at, "slots": source.slots}
            found = runner.run(_DUE, **given).fetchall()
        for rank, (due_at, row) in enumerate(found):
            due.append((rank, source.served, due_at, -row, source.answers))
    unproven, chosen = demand.unproven, []
    for *_, negative, answers in sorted(due):
        if not answers:
            unproven -= 1
        if answers or unproven >= 0:
            chosen.append(-negative)
    return chosen[: demand.limit]


def _move_on(
    runner: Runner,
    gates: Mapping[int, Gate],
    taken: Mapping[int, int],
    given: Mapping[str, Any],
) -> float:
    """Moves on what has passed a gate; in how many seconds the first of them opens again."""
    at, rows = given["now"], []
    for webhook, count in taken.items():
        if webhook in gates:
            until, reason = gates[webhook].passed(count, at, given["lease_until"])
            rows.append({"row": webhook, "until": until, "reason": reason})
    if rows:
        runner.run_many(_MOVE_ON, rows)
    return (
        min((r["until"] - at for r in rows if r["until"] and r["until"] > at), default=inf) / 1000
    )


def finish(runner: Runner, rows: str) -> set[tuple[int, int]]:
    """Writes the next states of claimed deliveries, JSON; id and claims of those still held."""
    return {*runner.run(_FINISH, rows=rows).fetchall()}
