"""The queue: claims due deliveries under a lease, and records what came of them.

A claim is one statement that moves rows to ``delivering`` with a lease and counts the claim.
Whoever records an outcome names the claim that it holds: if the lease ran out and the row was
claimed again, the late outcome changes nothing. No row is locked between the two.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any, cast

from sqlalchemy import Dialect, Table, bindparam, insert, select, update

from webhooks_ui.database import prepared
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.prepared import ManyRows, Prepared, Runner, inserted
from webhooks_ui.database.types import Instant, at_milliseconds, milliseconds, now
from webhooks_ui.delivery.queue import claim_sql, counting, webhook_state
from webhooks_ui.delivery.queue.claims import AttemptRecord, Claim, Demand, Job, Result, Turn
from webhooks_ui.delivery.queue.releases import held
from webhooks_ui.models import Attempt, Delivery, Event, Webhook
from webhooks_ui.models.event import CONTENT, EventContent
from webhooks_ui.monitoring import metrics

_WEBHOOKS = cast("Table", Webhook.__table__)
_EVENTS = cast("Table", Event.__table__)
_ENDPOINTS = prepared.of_rows(
    select(
        *(_WEBHOOKS.c.id, _WEBHOOKS.c.public_id, _WEBHOOKS.c.version, _WEBHOOKS.c.failing_since),
        _WEBHOOKS.c.last_succeeded,
    )
)
_CONTENTS = prepared.of_rows(select(*(_EVENTS.c[name] for name in ("id", *CONTENT))))
_ATTEMPTS = cast("Table", Attempt.__table__)
_INSERT_ATTEMPT = ManyRows(
    {one.name: one.type for one in _ATTEMPTS.c if one.name != "id"},
    lambda _, values: inserted(insert(_ATTEMPTS), values),
)
_CURRENT_VERSION = Prepared(
    select(Webhook.version)
    .join(Delivery, Delivery.webhook_id == Webhook.id)
    .where(
        *held(bindparam("id"), bindparam("claims")),
        *(Webhook.is_active, Webhook.goes_on(bindparam("moment", type_=Instant))),
    )
)


class UnreadError(Exception):
    """What a turn has claimed cannot be read: it is to be released; what was recorded is."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        super().__init__(f"{len(claims)} claims")
        self.claims = claims


def turn(results: Sequence[Result], demand: Demand | None, moment: datetime) -> Turn:
    """Records outcomes and claims what is due, both in one transaction.

    Deliveries of disabled webhooks stay where they are. An outcome that comes too late changes
    nothing. The claim is last: it waits for no lock, so that two turns never wait for each other.
    A claim alone need not outlast a loss of power: what it leases is then due as it was before.
    Raises `UnreadError` after the commit, and the database's errors before it.
    """
    wanted = demand if demand and demand.limit else None
    if not results:
        if not wanted:
            return Turn([])
        with prepared.in_haste() as runner:
            take = _claim(runner, wanted, moment)
        return take()
    outcomes, take = _Outcomes(results, db.engine.dialect), partial(Turn, [])
    with transaction(), prepared.within(db.session.connection()) as runner:
        kept = _record(runner, outcomes, moment)
        if wanted:
            with runner.together():
                take = _claim(runner, wanted, moment)
    metrics.recorded((result.decision.status, result.attempt.error) for result in kept)
    return take()


def _claim(runner: Runner, demand: Demand, moment: datetime) -> Callable[[], Turn]:
    """Claims; what is needed to make the attempts is to be taken after the commit.

    Where a turn only claims, PostgreSQL sends it with the answer to the commit. On SQLite it is
    read after that: events may be large, and others wait to write.
    """
    turn = claim_sql.claim(runner, demand, moment)
    if not turn.claims:
        return lambda: turn
    is_sqlite = runner.dialect.name == "sqlite"
    return partial(_taken, turn, partial(_read, turn) if is_sqlite else _ask(runner, turn))


def _taken(turn: Turn, take: Callable[[], Turn]) -> Turn:
    try:
        return take()
    except Exception as error:
        raise UnreadError(turn.claims) from error


def _read(turn: Turn) -> Turn:
    with prepared.reading(db.engine) as runner:
        return _ask(runner, turn)()


def _ask(runner: Runner, turn: Turn) -> Callable[[], Turn]:
    """Asks for the jobs of a turn's claims."""
    webhooks = runner.run(_ENDPOINTS, rows=runner.ids({claim.webhook_id for claim in turn.claims}))
    # An event for several webhooks is read once, and its body made once.
    contents = runner.run(_CONTENTS, rows=runner.ids({claim.event_id for claim in turn.claims}))
    return lambda: replace(turn, jobs=_jobs(turn.claims, webhooks.fetchall(), contents.fetchall()))


class _Outcomes:
    """Results as they are written, one for each claim: made before others wait for the database."""

    def __init__(self, results: Sequence[Result], dialect: Dialect) -> None:
        self.by_claim: dict[tuple[int, int], Result] = {}
        for result in results:
            self.by_claim.setdefault((result.claim.id, result.claim.claims), result)
        self.webhooks = {result.claim.webhook_id for result in results}
        self.states = json.dumps([_next_state(one) for _, one in sorted(self.by_claim.items())])
        form = _INSERT_ATTEMPT.form(dialect)
        self.attempts = {
            claim: form.row(_attempt_row(one.claim.id, one.attempt))
            for claim, one in self.by_claim.items()
        }


def _record(runner: Runner, outcomes: _Outcomes, moment: datetime) -> list[Result]:
    """Records outcomes; returns those whose claim still held."""
    with runner.together():
        states = webhook_state.lock(runner, outcomes.webhooks)
        held = claim_sql.finish(runner, outcomes.states)
        kept = [one for claim, one in outcomes.by_claim.items() if claim in held]
        runner.run_rows(
            _INSERT_ATTEMPT, [row for claim, row in outcomes.attempts.items() if claim in held]
        )
        ended = [(r.claim.webhook_id, r.decision.status, r.attempt) for r in kept]
        counting.add(runner, ended)
        alerts = webhook_state.update_webhooks(runner, states, kept, moment)
    webhook_state.follow_up(kept, alerts, moment)
    return kept


def record(results: Sequence[Result], moment: datetime) -> None:
    """A turn that only records."""
    turn(results, None, moment)


def insert_attempts(attempts: Sequence[tuple[int, AttemptRecord]]) -> None:
    """Inserts attempts, each with its delivery's id; within a transaction of the caller."""
    with prepared.within(db.session.connection()) as runner:
        runner.run_many(_INSERT_ATTEMPT, [_attempt_row(*one) for one in attempts])


def _attempt_row(delivery_id: int, attempt: AttemptRecord) -> dict[str, Any]:
    return {"delivery_id": delivery_id, **vars(attempt)}


def _jobs(claims: Sequence[Claim], webhooks: Sequence[Any], contents: Sequence[Any]) -> list[Job]:
    """The jobs of claims, from the rows of their webhooks and events."""
    to: dict[int, tuple[str, int, datetime | None, bool]] = {}
    events: dict[int, EventContent] = {}
    for row, public_id, version, since, succeeded in webhooks:
        answers = since is None and bool(succeeded)
        to[row] = public_id, version, at_milliseconds(since), answers
    for row, public_id, type_, channel, occurred_at, *rest in contents:
        known = json.loads(channel) if isinstance(channel, str) else channel
        moment = at_milliseconds(occurred_at)
        events[row] = EventContent(public_id, type_, known, moment, *rest)
    claimed_at = monotonic()
    return [
        Job(claim, *to[claim.webhook_id], events[claim.event_id], claimed_at)
        for claim in claims
        if claim.webhook_id in to and claim.event_id in events
    ]


def current_version(claim: Claim) -> int | None:
    """The version of the webhook that a claimed delivery goes to.

    None when it must not be sent now: the webhook was disabled, paused or deleted, or the claim is
    an old one.
    """
    with prepared.reading(db.engine) as runner:
        own = {"id": claim.id, "claims": claim.claims, "moment": now()}
        row = runner.run(_CURRENT_VERSION, **own).fetchone()
    return row[0] if row else None


def load_webhook(claim: Claim) -> Webhook | None:
    """The webhook that a claimed delivery goes to, detached."""
    found = db.session.get(Webhook, claim.webhook_id)
    db.session.expunge_all()
    return found


def finish_ping(public_id: str, attempt: AttemptRecord, moment: datetime) -> None:
    """Finishes a ping by its attempt; it is never retried."""
    with transaction():
        delivery = Delivery.by_public_id(public_id)
        if delivery is None or delivery.status != "delivering":
            return
        insert_attempts([(delivery.id, attempt)])
        delivery.status = "failed" if attempt.error else "succeeded"
        delivery.finished_at, delivery.lease_until = moment, None
        delivery.attempts_made, delivery.error = attempt.number, attempt.error
        db.session.execute(
            update(Webhook)
            .where(Webhook.id == delivery.webhook_id)
            .values(last_delivery_id=delivery.id, last_succeeded=not attempt.error)
        )
        if delivery.webhook_id and not attempt.error:
            webhook_state.probe_now(delivery.webhook_id)


def _next_state(result: Result) -> dict[str, Any]:
    attempt, decision = result.attempt, result.decision
    is_over = decision.status != "pending"
    return {
        "id": result.claim.id,
        "claims": result.claim.claims,
        "status": decision.status,
        "due_at": milliseconds(decision.due_at) if decision.due_at else None,
        "attempts_made": attempt.number,
        "error": attempt.error,
        "finished_at": milliseconds(attempt.ended_at) if is_over else None,
        "refused": 1 if decision.hold_until else 0,
    }
