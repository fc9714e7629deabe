"""Retention: what is deleted and kept, that others can write meanwhile, that space is freed."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import OperationalError

from tests.conftest import sign_in
from tests.engine.conftest import deliveries, ended, send, subscribe, working
from tests.support.apps import ON_SQLITE
from tests.support.receiver import Receiver
from webhooks_ui.audit import AuditEntry
from webhooks_ui.database import vacuum
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import EPOCH, now
from webhooks_ui.jobs import retention
from webhooks_ui.jobs.scheduler import Job, Scheduler
from webhooks_ui.models import (
    Attempt,
    Delivery,
    Event,
    IdempotencyKey,
    JobRun,
    Recovery,
    TotalHour,
    Webhook,
    WebhookHour,
    WebhookState,
    pruning,
)

MONTH = timedelta(days=30)
LONG_AGO = timedelta(days=31)


def prune(app: Flask, *, at: datetime | None = None) -> Counter[str]:
    with app.app_context():
        return sum(retention.prune(MONTH, at or now()), Counter())


def daily_job() -> Job:
    daily = retention.DailyPruning(MONTH)
    return Job("prune", daily.is_due, daily.step)


def count(app: Flask, model: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def age(app: Flask, by: timedelta = LONG_AGO, *, status: str = "succeeded") -> None:
    """Makes all rows older by this; pending deliveries end with this status."""
    shift = by // timedelta(milliseconds=1)
    with app.app_context(), transaction():
        for older in (
            "UPDATE events SET created_at = created_at - :shift",
            "UPDATE deliveries SET created_at = created_at - :shift",
            "UPDATE idempotency_keys SET created_at = created_at - :shift",
        ):
            db.session.execute(text(older), {"shift": shift})
        ended = update(Delivery).where(Delivery.status == "pending")
        db.session.execute(ended.values(status=status, due_at=None))


def attempts(app: Flask, each: int, body: bytes = b"") -> None:
    """Adds so many attempts to every delivery."""
    facts = {
        "started_at": now(),
        "duration_ms": 1,
        "timeout": 1.0,
        "timings_ms": {},
        "request_url": "http://127.0.0.1/",
        "request_headers": [],
        "payload_format": "raw",
        "response_headers": [],
        "response_bytes": body,
        "response_size": len(body),
        "truncated": False,
        "notes": [],
    }
    with app.app_context(), transaction():
        ids = db.session.scalars(select(Delivery.id)).all()
        rows = [{**facts, "delivery_id": row, "number": n + 1} for row in ids for n in range(each)]
        db.session.execute(insert(Attempt), rows)
        db.session.execute(update(Delivery).values(attempts_made=each))


def test_an_old_event_is_deleted_with_its_deliveries_and_attempts(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1:9/")
    send(engine, 300, sender_id=None)
    send(engine, sender_id="order-7")
    attempts(engine, 3)
    age(engine)
    (young,) = send(engine)

    deleted = prune(engine)

    assert (deleted["events"], deleted["deliveries"]) == (301, 301)
    with engine.app_context():
        assert db.session.scalars(select(Event.public_id)).all() == [young.event_id]
    assert [count(engine, model) for model in (Delivery, Attempt, IdempotencyKey)] == [1, 0, 0]


def test_idempotency_keys_outlive_their_event_for_seven_days(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1:9/")
    (first,) = send(engine, sender_id="order-7")
    age(engine, timedelta(days=6))
    hour = timedelta(hours=1)
    with engine.app_context():
        sum(retention.prune(hour, now()), Counter())
    assert (count(engine, Event), count(engine, Delivery)) == (0, 0)

    (again,) = send(engine, sender_id="order-7")

    assert again == replace(first, duplicate=True)
    assert (again.deliveries, count(engine, Delivery)) == (1, 0)
    with engine.app_context():
        sum(retention.prune(hour, now() + timedelta(days=1, hours=1)), Counter())
    assert not send(engine, sender_id="order-7")[0].duplicate


def test_the_deliveries_of_one_event_are_deleted_in_batches(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        subscribe(engine, f"http://127.0.0.1:9/{number}")
    send(engine, 2)
    attempts(engine, 2)
    age(engine)
    monkeypatch.setattr("webhooks_ui.models.pruning.BATCH", 5)
    with engine.app_context():
        turns = [dict(turn) for turn in retention.prune(MONTH, now()) if turn]
    assert all(turn.get("deliveries", 0) <= 5 for turn in turns)
    assert sum(turn.get("deliveries", 0) for turn in turns) == 14
    assert count(engine, Event) == 0


def test_open_deliveries_are_kept_whatever_their_age(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1:9/")
    old = [accepted.event_id for accepted in send(engine, 4)]
    age(engine)
    events = {old[0]: "pending", old[1]: "delivering"}
    with engine.app_context(), transaction():
        for public_id, status in events.items():
            of_it = select(Event.id).where(Event.public_id == public_id).scalar_subquery()
            db.session.execute(
                update(Delivery).where(Delivery.event_id == of_it).values(status=status)
            )
        # The third was sent again yesterday, and has arrived.
        again = select(Event.id).where(Event.public_id == old[2]).scalar_subquery()
        yesterday = now() - timedelta(days=1)
        db.session.execute(
            update(Delivery).where(Delivery.event_id == again).values(created_at=yesterday)
        )
    assert prune(engine)["events"] == 1
    with engine.app_context():
        assert list(db.session.scalars(select(Event.public_id).order_by(Event.id))) == old[:3]
    # Ended, they go the next time: those that were passed over are looked at again.
    age(engine, timedelta(0))
    with engine.app_context(), transaction():
        db.session.execute(update(Delivery).values(status="failed"))
    assert prune(engine, at=now() + MONTH)["events"] == 3


def test_a_ping_abandoned_by_its_process_is_deleted(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1:9/")
    send(engine)
    age(engine, status="delivering")
    with engine.app_context(), transaction():
        lost = {"test": True, "webhook_id": None, "lease_until": now() - LONG_AGO}
        db.session.execute(update(Delivery).values(lost))
    assert prune(engine)["deliveries"] == 1


def test_counts_states_recoveries_and_deleted_webhooks_are_deleted_in_time(engine: Flask) -> None:
    kept = subscribe(engine, "http://127.0.0.1:9/kept")
    used = subscribe(engine, "http://127.0.0.1:9/used")
    send(engine)
    gone = subscribe(engine, "http://127.0.0.1:9/gone")
    moment = now()
    with engine.app_context(), transaction():
        ids = {webhook.public_id: webhook.id for webhook in db.session.scalars(select(Webhook))}
        for days in (40, 31, 29):
            hour, since = moment - timedelta(days=days), moment - timedelta(days=days)
            db.session.add(WebhookHour(webhook_id=ids[kept], hour=hour))
            db.session.add(TotalHour(hour=hour, part=0))
            state = {"enabled": True, "deleted": False, "event_types": [str(days)]}
            db.session.add(WebhookState(webhook_id=ids[kept], since=since, **state))
            ended = {"status": "finished", "finished_at": since, "total": 0, "last_row": 0}
            db.session.add(Recovery(since=since, until=since, chosen={}, **ended))
        running = {
            "total": 1,
            "last_row": 9,
            "chosen": {},
            "since": moment - 2 * MONTH,
            "until": moment,
        }
        db.session.add(Recovery(**running))
        of_gone = update(Webhook).where(Webhook.public_id.in_((gone, used)))
        db.session.execute(of_gone.values(deleted_at=moment - LONG_AGO))

    deleted = prune(engine)

    assert (deleted["webhook_hours"], deleted["total_hours"]) == (2, 2)
    assert (deleted["recoveries"], count(engine, Recovery)) == (2, 2)
    # The state of 31 days ago says how the webhook was when the log begins.
    with engine.app_context():
        mine = select(WebhookState.event_types).where(WebhookState.webhook_id == ids[kept])
        left = [types[0] for types in db.session.scalars(mine.order_by(WebhookState.since))]
        assert left == ["31", "29", "message_created"]
        webhooks = set(db.session.scalars(select(Webhook.public_id)))
    assert webhooks == {kept, used}  # a delivery of `used` is still there


@ON_SQLITE
def test_hourly_counts_reach_as_far_as_the_longest_chart(engine: Flask) -> None:
    own, moment = subscribe(engine, "http://127.0.0.1:9/"), now()
    with engine.app_context():
        webhook = Webhook.by_public_id(own)
        assert webhook
        with transaction():
            for days in (40, 30):
                hour = moment - timedelta(days=days)
                db.session.add(WebhookHour(webhook_id=webhook.id, hour=hour, attempts=days))
        list(retention.prune(timedelta(hours=1), moment))
        left = db.session.scalars(select(WebhookHour.attempts)).all()
    assert left == [30]


def test_deliveries_of_a_running_recovery_are_kept(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1:9/")
    send(engine)
    age(engine, 2 * MONTH)
    send(engine)
    age(engine, status="failed")
    since = now() - LONG_AGO - timedelta(days=1)
    with engine.app_context(), transaction():
        db.session.add(Recovery(since=since, until=now(), total=1, last_row=9, chosen={}))
    assert prune(engine)["events"] == 1
    with engine.app_context(), transaction():
        db.session.execute(update(Recovery).values(status="finished", finished_at=now()))
    assert prune(engine)["events"] == 1


@ON_SQLITE
def test_pages_work_when_the_last_delivery_was_deleted(engine: Flask) -> None:
    public_id = subscribe(engine, "http://127.0.0.1:9/")
    send(engine)
    with engine.app_context(), transaction():
        db.session.execute(update(Webhook).values(last_delivery_id=1))
    age(engine)
    assert prune(engine)["deliveries"] == 1
    browser = sign_in(engine, "olena")
    for path in ("/webhooks", f"/webhooks/{public_id}", f"/webhooks/{public_id}/edit"):
        assert browser.get(path).status_code == 200, path


@ON_SQLITE
def test_events_are_taken_in_and_delivered_meanwhile(engine: Flask, receiver: Receiver) -> None:
    subscribe(engine, receiver.url)
    for _ in range(3):
        send(engine, 1_000)
    attempts(engine, 1, b"x" * 1_000)
    age(engine)
    is_over = threading.Event()

    def delete() -> None:
        with engine.app_context():
            for _ in retention.with_pauses(retention.prune(MONTH, now())):
                pass
        is_over.set()

    deleting = threading.Thread(target=delete)
    taken_in = 0
    with working(engine):
        deleting.start()
        while not is_over.is_set():
            send(engine)  # which asserts that it did not wait for longer than `BUSY_TIMEOUT`
            taken_in += 1
            is_over.wait(0.01)
        deleting.join()
        ended(engine, taken_in)
    left = deliveries(engine)
    assert len(left) == taken_in > 10
    assert {delivery.status for delivery in left} == {"succeeded"}


def test_a_sqlite_file_shrinks(app: Flask) -> None:
    subscribe(app, "http://127.0.0.1:9/")
    send(app, 400)
    attempts(app, 1, b"x" * 20_000)
    file = Path(app.config["DATA_DIR"]) / "webhooks.db"
    with app.app_context():
        vacuum.checkpoint()
    age(app)
    full = file.stat().st_size
    deleted = prune(app)
    assert full > 8_000_000
    assert deleted["pages"] * 4_096 > full * 0.8
    assert file.stat().st_size < full * 0.1


def test_a_worker_prunes_once_a_day(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1:9/")
    send(engine, 3)
    age(engine)
    moment = now()
    scheduler = Scheduler(engine, [daily_job()], clock=lambda: moment)
    while scheduler.run_once():
        pass
    assert count(engine, Event) == 0
    with engine.app_context():
        assert JobRun.last_done("prune") == moment
    send(engine)
    age(engine)
    assert not scheduler.run_once()
    moment += timedelta(hours=25)
    while scheduler.run_once():
        pass
    assert count(engine, Event) == 0


def test_a_database_error_does_not_end_the_days_pruning(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(engine, "http://127.0.0.1:9/")
    send(engine)
    age(engine)
    refusals = [OperationalError("SELECT", {}, Exception("the server has gone away"))]
    keys = pruning.keys

    def refused_once(before: datetime) -> Iterator[Counter[str]]:
        if refusals:
            raise refusals.pop()
        yield from keys(before)

    monkeypatch.setattr(pruning, "keys", refused_once)
    scheduler = Scheduler(engine, [daily_job()])
    while scheduler.run_once():
        pass
    with engine.app_context():
        assert JobRun.last_done("prune") == EPOCH
    while scheduler.run_once():
        pass
    with engine.app_context():
        assert JobRun.last_done("prune") > EPOCH
        entry = db.session.scalars(select(AuditEntry).filter_by(action="database.pruned")).one()
        assert entry.details == {"events": 1, "deliveries": 1}  # before the error


def test_cascades_are_found_by_an_index() -> None:
    """Otherwise each deleted row would scan a whole table for the rows that refer to it."""
    for table in db.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.ondelete == "CASCADE":
                firsts = [next(iter(index.columns)) for index in table.indexes]
                firsts.append(next(iter(table.primary_key.columns)))
                assert key.parent in firsts, key.parent
