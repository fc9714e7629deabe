"""What is written along with outcomes: hourly counts, notices, the history of webhooks."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from flask import Flask
from sqlalchemy import select

from tests.engine.conftest import attempt_at, send, subscribe
from tests.engine.conftest import claim as claim_due
from webhooks_ui.catalogue.error_codes import DeliveryStatus
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import EPOCH, now
from webhooks_ui.delivery.queue import turns, webhook_state
from webhooks_ui.delivery.queue.claims import Job, Result
from webhooks_ui.delivery.retry import Decision
from webhooks_ui.jobs import states
from webhooks_ui.models import Alert, TotalHour, Webhook, WebhookHour, WebhookState

LEASE = timedelta(seconds=45)
START = datetime.fromisoformat("2026-03-01T12:59:59.900+00:00")


def claim(app: Flask, moment: datetime) -> list[Job]:
    with app.app_context():
        return claim_due({}, 10, 10, moment, LEASE).jobs


def outcome(job: Job, status: DeliveryStatus, moment: datetime, **facts: Any) -> Result:
    """An outcome with the next status of the delivery; a failed one is due again at once."""
    error = None if status == "succeeded" else "http_status"
    code = facts.pop("status_code", 200 if error is None else 500)
    disable = facts.pop("disable", None)
    attempt = replace(attempt_at(job, error, moment, code), **facts)
    return Result(job.claim, attempt, Decision(status, moment, disable))


def record(app: Flask, moment: datetime, *results: Result) -> None:
    with app.app_context():
        turns.record(results, moment)


def hours(app: Flask) -> list[tuple[datetime, int, int, int, int]]:
    with app.app_context():
        rows = db.session.scalars(select(WebhookHour).order_by(WebhookHour.hour))
        return [(r.hour, r.attempts, r.failed_attempts, r.delivered, r.given_up) for r in rows]


def notices(app: Flask) -> list[tuple[str, Any]]:
    with app.app_context():
        rows = db.session.scalars(select(Alert).order_by(Alert.id))
        return [(notice.kind, notice.detail.get("reason")) for notice in rows]


def fail(app: Flask, moment: datetime, **how: Any) -> None:
    """One failed attempt at the delivery that waits."""
    (job,) = claim(app, moment)
    record(app, moment, outcome(job, how.pop("status", "pending"), moment, **how))


def test_attempts_count_in_the_hour_in_which_they_end(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, 3)
    first, second, third = claim(engine, START)
    record(
        engine,
        START,
        outcome(first, "succeeded", START, duration_ms=40),
        outcome(second, "succeeded", START, duration_ms=150),
    )
    record(engine, START, outcome(third, "pending", START, duration_ms=70, status_code=None))
    later = START + timedelta(hours=1)
    fail(engine, later, status="failed", duration_ms=20_000)

    noon = START.replace(minute=0, second=0, microsecond=0)
    one = timedelta(hours=1)
    assert hours(engine) == [
        (noon, 2, 1, 1, 0),
        (noon + one, 1, 0, 1, 0),
        (noon + 2 * one, 1, 1, 0, 1),
    ]
    with engine.app_context():
        took = db.session.scalars(select(WebhookHour).order_by(WebhookHour.hour)).all()
        assert [(r.took_3, r.took_5, r.took_11) for r in took] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
        totals = db.session.scalars(select(TotalHour).order_by(TotalHour.hour)).all()
        assert [r.attempts for r in totals] == [2, 1, 1]


def test_first_attempts_are_counted_by_themselves(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, 3)
    for job, status in zip(claim(engine, START), ("succeeded", "failed", "pending"), strict=True):
        record(engine, START, outcome(job, cast("DeliveryStatus", status), START))
    (again,) = claim(engine, START)
    record(engine, START, outcome(again, "succeeded", START))
    with engine.app_context():
        found = [*db.session.scalars(select(WebhookHour)), *db.session.scalars(select(TotalHour))]
        counted = [(hour.attempts, hour.first_attempts, hour.first_delivered) for hour in found]
        assert counted == [(4, 3, 1)] * 2


def test_degraded_is_marked_and_taken_back_by_the_hours(engine: Flask) -> None:
    noon = START.replace(minute=0, second=0, microsecond=0)
    own = [subscribe(engine, f"http://127.0.0.1/{number}") for number in range(4)]
    counts = {own[0]: (20, 18), own[1]: (20, 19), own[2]: (19, 0), own[3]: (20, 20)}

    def degraded(moment: datetime) -> set[str]:
        with engine.app_context():
            states.mark(moment)
            return set(db.session.scalars(select(Webhook.public_id).where(Webhook.degraded)))

    with engine.app_context(), transaction():
        for public_id, (first, good) in counts.items():
            webhook = Webhook.by_public_id(public_id)
            assert webhook
            hour = WebhookHour(webhook_id=webhook.id, hour=noon, attempts=first)
            hour.first_attempts, hour.first_delivered = first, good
            hour.failed_attempts = first - good
            db.session.add(hour)
    assert degraded(noon) == {own[0]}
    assert degraded(noon + timedelta(hours=23, minutes=59)) == {own[0]}
    assert degraded(noon + timedelta(hours=24)) == set()
    with engine.app_context():
        assert states.is_due(noon, EPOCH)
        assert not states.is_due(noon, noon - states.EVERY / 2)
        assert not states.is_due(noon + timedelta(hours=24), EPOCH)


def test_what_comes_too_late_is_not_counted(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    (job,) = claim(engine, START)
    record(engine, START, outcome(job, "succeeded", START))
    record(engine, START, outcome(job, "succeeded", START))
    assert [row[1] for row in hours(engine)] == [1]


def test_many_webhooks_in_one_batch(engine: Flask) -> None:
    for number in range(5):
        subscribe(engine, f"http://127.0.0.1/{number}")
    send(engine, 2)
    jobs = claim(engine, START)
    record(engine, START, *(outcome(job, "succeeded", START) for job in jobs))
    assert [row[1] for row in hours(engine)] == [2] * 5
    with engine.app_context():
        assert [r.delivered for r in db.session.scalars(select(TotalHour))] == [10]


def test_a_notice_once_it_has_failed_for_a_while_and_when_it_works_again(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    fail(engine, START)
    fail(engine, START + webhook_state.ALERT_AFTER - timedelta(seconds=1))
    assert notices(engine) == []
    fail(engine, START + webhook_state.ALERT_AFTER)
    fail(engine, START + 2 * webhook_state.ALERT_AFTER)
    assert notices(engine) == [("failing", None)]

    later = START + 3 * webhook_state.ALERT_AFTER
    (job,) = claim(engine, later)
    record(engine, later, outcome(job, "succeeded", later))
    assert notices(engine) == [("failing", None), ("recovered", None)]
    with engine.app_context():
        webhook = db.session.scalars(select(Webhook)).one()
        assert webhook.failing_since is None
        assert webhook.failing_noticed_at is None


def test_no_notice_of_a_short_failure(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    fail(engine, START)
    (job,) = claim(engine, START)
    record(engine, START, outcome(job, "succeeded", START))
    assert notices(engine) == []


def test_a_delivery_given_up_is_reason_enough(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    fail(engine, START, status="failed")
    assert notices(engine) == [("failing", None)]


def test_disabling_gives_one_notice_and_stands_in_the_history(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    moment = now() + timedelta(minutes=1)
    fail(engine, moment, status="failed", status_code=410, disable="gone")
    assert notices(engine) == [("disabled", "gone")]
    with engine.app_context():
        states = db.session.scalars(select(WebhookState).order_by(WebhookState.id)).all()
        assert [(s.enabled, s.disabled_reason, s.event_types) for s in states] == [
            (True, None, ["message_created"]),
            (False, "gone", ["message_created"]),
        ]
        assert states[-1].since == moment
