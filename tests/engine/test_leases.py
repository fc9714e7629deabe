"""What a dead worker had under way goes on at once; a holder that lives keeps its claims."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from tests.engine.conftest import StartWorker, deliveries, ended, send, subscribe, working
from tests.support.receiver import Answer, Receiver
from tests.support.waiting import wait_until
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import holders, releases, turns, wakeup
from webhooks_ui.delivery.queue.claims import Claim, Demand
from webhooks_ui.delivery.worker.leases import CONFIRM_AFTER, LOOK_EVERY, Leases
from webhooks_ui.models import Delivery, Webhook

LEASE = timedelta(minutes=50)  # far longer than any test waits
NOBODY = 1


@pytest.fixture
def holder(engine: Flask, receiver: Receiver) -> Iterator[wakeup.Alarm]:
    """Another worker that has claimed three deliveries."""
    subscribe(engine, receiver.url)
    send(engine, 3)
    with engine.app_context():
        alarm = wakeup.alarm(db.engine, None, lambda: None)
        found = turns.turn([], Demand(lambda _: None, 5, 10, LEASE, holder=alarm.holder), now())
        assert len(found.claims) == 3
        yield alarm


def statuses(engine: Flask) -> set[str]:
    return {delivery.status for delivery in deliveries(engine)}


def is_dead(holder: int) -> bool:
    found = holders.dead(db.session.connection(), [holder])
    db.session.rollback()
    return bool(found)


def test_a_holder_that_lives_keeps_what_it_has_claimed(engine: Flask, holder: wakeup.Alarm) -> None:
    moment = 0.0
    leases = Leases(LEASE, LEASE, clock=lambda: moment)
    for _ in range(5):
        leases.run_once(NOBODY, now())
        moment += CONFIRM_AFTER + LOOK_EVERY
    holder.close()

    assert statuses(engine) == {"delivering"}


def test_what_a_dead_holder_had_claimed_goes_on(
    engine: Flask, holder: wakeup.Alarm, receiver: Receiver
) -> None:
    holder.close()
    with working(engine):
        ended(engine, 3)

    assert statuses(engine) == {"succeeded"}
    assert len(receiver.requests()) == 3


@pytest.mark.parametrize("make_engine", ["postgresql"], indirect=True)
def test_a_session_that_was_lost_may_be_opened_anew(
    engine: Flask, holder: wakeup.Alarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = 0.0
    leases = Leases(LEASE, LEASE, clock=lambda: moment)
    with monkeypatch.context() as lost:
        lost.setattr(holders, "dead", lambda _connection, numbers: {*numbers})
        assert leases.run_once(NOBODY, now()) == CONFIRM_AFTER
    moment += CONFIRM_AFTER
    leases.run_once(NOBODY, now())
    assert statuses(engine) == {"delivering"}

    holder.close()
    wait_until(lambda: is_dead(holder.number), what="the end of the session")
    moment += LOOK_EVERY
    leases.run_once(NOBODY, now())
    moment += CONFIRM_AFTER
    leases.run_once(NOBODY, now())
    assert statuses(engine) == {"pending"}


@pytest.mark.process
def test_what_a_killed_process_held_goes_on_at_the_next_looks(
    engine: Flask, receiver: Receiver, start_worker: StartWorker
) -> None:
    """Of two workers: nobody has told the other one, and the lease is far from its end."""
    config = engine.config
    subscribe(engine, receiver.url)
    receiver.answer(Answer(hang=True))
    send(engine)
    killed = start_worker(
        {
            "WEBHOOKS_UI_DATA_DIR": str(config["DATA_DIR"]),
            "WEBHOOKS_UI_DATABASE_URL": config["DATABASE_URL"],
            "WEBHOOKS_UI_ALLOWED_NETWORKS": "127.0.0.1",
            "WEBHOOKS_UI_DELIVERY_TIMEOUT": "300",
        }
    )
    receiver.wait(1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    (held,) = deliveries(engine)
    assert held.status == "delivering"
    assert held.lease_holder
    assert held.lease_until
    moment = 0.0
    leases = Leases(LEASE, LEASE, clock=lambda: moment)
    with engine.app_context():
        wait_until(lambda: is_dead(held.lease_holder or 0), what="the end of its session")
        for _ in range(2):  # to be certain that a session is not opened again
            leases.run_once(NOBODY, now())
            moment += CONFIRM_AFTER

    assert statuses(engine) == {"pending"}
    assert held.lease_until > now() + timedelta(minutes=5)


def test_what_the_worker_before_had_under_way_goes_on_at_once(
    engine: Flask, holder: wakeup.Alarm
) -> None:
    """The supervisor saw it end: nobody looks whether its lock is free, or waits to be sure."""
    Leases(LEASE, LEASE, before=holder.number).run_once(NOBODY, now())
    holder.close()

    assert statuses(engine) == {"pending"}


@pytest.mark.parametrize("make_engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("way", ["held", "claims"])
def test_webhooks_are_locked_before_deliveries(
    engine: Flask, holder: wakeup.Alarm, way: str
) -> None:
    """As a turn does: it and a release never wait for each other."""
    with engine.app_context(), transaction():
        db.session.execute(update(Webhook).values(hold_reason="probing"))
        ids = db.session.execute(select(Delivery.id, Delivery.claims, Delivery.webhook_id)).all()
    claims = [Claim(row, number, webhook or 0) for row, number, webhook in ids]

    def release() -> None:
        with engine.app_context():
            if way == "held":
                releases.release_held_by({holder.number}, now())
            else:
                releases.release(claims, now())

    with engine.app_context(), ThreadPoolExecutor(1) as pool:
        with db.engine.begin() as turn:
            turn.execute(select(Webhook.id).with_for_update(key_share=True))
            released = pool.submit(release)
            wait_until(lambda: waits_for_a_lock(engine), what="the release")
            turn.execute(select(Delivery.id).with_for_update(nowait=True))
        released.result()
    holder.close()

    assert statuses(engine) == {"pending"}


def waits_for_a_lock(app: Flask) -> bool:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with app.app_context(), db.engine.connect() as connection:
        return connection.scalar(text(waiting)) is not None
