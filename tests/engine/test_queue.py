"""The queue by itself: claims, their fence, and what comes too late."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import Table, select, update

from tests.engine.conftest import attempt_at, deliveries, send, subscribe, switch_off
from tests.engine.conftest import claim as claim_due
from webhooks_ui.database import prepared
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import releases, turns, waiting
from webhooks_ui.delivery.queue.claims import Demand, Job, Known, Result
from webhooks_ui.delivery.retry import Decision
from webhooks_ui.models import Attempt, Delivery, Webhook, webhook_changes

LEASE = timedelta(seconds=45)


def claim(app: Flask) -> list[Job]:
    with app.app_context():
        return claim_due({}, 10, 10, now(), LEASE).jobs


def outcome(job: Job, error: str | None = None) -> Result:
    decision = Decision("pending", now() + LEASE) if error else Decision("succeeded")
    return Result(job.claim, attempt_at(job, error, now()), decision)


def record(app: Flask, *results: Result) -> None:
    with app.app_context():
        turns.record(results, now())


def attempts(app: Flask) -> list[tuple[int, str | None]]:
    with app.app_context():
        found = db.session.query(Attempt.number, Attempt.error).order_by(Attempt.id)
        return [(number, error) for number, error in found]


def claim_anew(app: Flask) -> list[Job]:
    """Another worker's claims after the leases have run out."""
    with app.app_context():
        with transaction():
            db.session.execute(update(Delivery).values(lease_until=now() - LEASE))
        releases.release_expired(now())
    return claim(app)


def test_an_outcome_under_an_old_claim_changes_nothing(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    (late,) = claim(engine)
    (current,) = claim_anew(engine)

    record(engine, outcome(late))
    assert [d.status for d in deliveries(engine)] == ["delivering"]

    record(engine, outcome(current, "timeout"))
    assert attempts(engine) == [(1, "timeout")]


def test_an_old_and_a_current_claim_in_one_batch_are_told_apart(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    (late,) = claim(engine)
    (current,) = claim_anew(engine)

    record(engine, outcome(late, "timeout"), outcome(current))

    assert attempts(engine) == [(1, None)]


def test_attempts_of_one_turn_are_kept_as_they_were(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, 3)
    jobs = claim(engine)
    facts: list[dict[str, Any]] = [
        {
            "detail": '«так» \\ "\n\t\x7f 🙂',
            "timings": {"dns": None, "connect": 1, "tls": 22, "first_byte": 3, "total": 31},
            "tls": {"version": "TLSv1.3", "names": ["é"]},
            "request_url": "https://приклад.example/?a=%00",
            "request_headers": [["X-É", "a, b"], ["x", ""]],
            "request_body": bytes(range(256)),
            "response_headers": [["Set-Cookie", "«»"]],
            "response_body": bytes(range(255, -1, -1)) * 5,
            "response_size": 2**40,
            "truncated": True,
            "notes": ["proxy", "жовтень"],
            "timeout": 0.1,
            "status_code": 299,
            "location": "/",
        },
        {"request_body": b"", "response_body": b"", "address": "::1"},
        {},
    ]
    made = [
        replace(one, attempt=replace(one.attempt, **changed))
        for one, changed in zip(map(outcome, jobs), facts, strict=True)
    ]
    record(engine, *made)

    columns = {one.name: one for one in cast("Table", Attempt.__table__).c if one.name != "id"}
    with engine.app_context():
        rows = db.session.execute(select(*columns.values()).order_by(Attempt.delivery_id))
        kept = [dict(zip(columns, row, strict=True)) for row in rows]
    wanted = [{"delivery_id": one.claim.id, **vars(one.attempt)} for one in made]
    assert kept == sorted(wanted, key=lambda row: row["delivery_id"])


def test_the_same_claim_twice_in_one_batch_counts_once(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    (job,) = claim(engine)

    record(engine, outcome(job), outcome(job, "timeout"))

    assert attempts(engine) == [(1, None)]
    assert [d.status for d in deliveries(engine)] == ["succeeded"]


@pytest.mark.parametrize("act", ["disable", "delete"])
def test_what_a_dead_worker_held_of_a_webhook_that_is_off_is_cancelled(
    engine: Flask, act: str
) -> None:
    public_id = subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    claim(engine)
    switch_off(engine, public_id, act)

    assert claim_anew(engine) == []

    (cancelled,) = deliveries(engine)
    assert (cancelled.status, cancelled.due_at) == ("cancelled", None)
    assert cancelled.finished_at


def test_who_is_enabled_again_starts_anew_to_fail(engine: Flask) -> None:
    public_id = subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    (job,) = claim(engine)
    record(engine, outcome(job, "timeout"))

    with engine.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        assert webhook.failing_since
        webhook_changes.set_enabled(webhook, False, None)
        webhook_changes.set_enabled(webhook, True, None)
        assert webhook.failing_since is None


@pytest.mark.parametrize(
    ("sent", "known", "limit", "is_more"),
    [
        (0, {}, 10, False),
        (2, {}, 10, False),
        (3, {}, 10, True),  # as many as its window lets through
        (1, {1: Known(0)}, 10, True),
        (2, {}, 2, True),
    ],
)
def test_a_turn_tells_whether_more_may_be_due(
    engine: Flask, sent: int, known: dict[int, Known], limit: int, is_more: bool
) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    if sent:
        send(engine, sent)
    with engine.app_context():
        assert turns.turn([], Demand(known.get, 3, limit, LEASE), now()).is_more is is_more


def test_many_webhooks_are_looked_at_in_several_turns(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MAX_HOPS", 2)
    for number in range(5):
        subscribe(engine, f"http://127.0.0.1/{number}")
    send(engine)
    seen: list[list[int]] = []
    after = 0
    with engine.app_context():
        for _ in range(4):
            turn = turns.turn([], Demand(lambda _: None, 1, 10, LEASE, after=after), now())
            seen.append([claim.webhook_id for claim in turn.claims])
            after = turn.after

    assert [sorted(one) for one in seen] == [[1, 2], [3, 4], [5], []]


def test_those_that_do_not_answer_are_not_read_while_none_may_be_claimed(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/answers")
    send(engine)
    record(engine, *(outcome(job) for job in claim(engine)))
    subscribe(engine, "http://127.0.0.1/unknown")
    send(engine)
    demand, moment = Demand(lambda _: None, 1, 10, LEASE, unproven=0), now()
    with engine.app_context():
        with prepared.within(db.session.connection()) as runner:
            found = waiting.read(runner, demand, moment)
        assert [one.webhook_id for one in found.sources] == [1]
        assert [one.webhook_id for one in turns.turn([], demand, moment).claims] == [1]
        more = turns.turn([], replace(demand, unproven=1), moment)
        assert [one.webhook_id for one in more.claims] == [2]
