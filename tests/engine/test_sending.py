"""What has waited in a worker's memory is looked at again before it is sent."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from tests.engine.conftest import claim, deliveries, ended, send, subscribe, switch_off, working
from tests.support.apps import ON_SQLITE
from tests.support.receiver import Receiver
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue.claims import Claim, Job
from webhooks_ui.delivery.worker import leases, senders
from webhooks_ui.delivery.worker.senders import STALE_AFTER, Attempts
from webhooks_ui.models import Delivery, Webhook


@pytest.fixture
def public_id(engine: Flask) -> str:
    return subscribe(engine, "http://127.0.0.1/1")


def claimed(engine: Flask, waited: float) -> Job:
    """A job that was claimed so many seconds ago."""
    send(engine)
    with engine.app_context():
        (job,) = claim({}, 1, 1, now(), timedelta(minutes=1)).jobs
    return replace(job, claimed_at=job.claimed_at - waited)


def looked_at(engine: Flask, job: Job) -> Job | None:
    return Attempts(engine, now, random.random).current(job, job.claim)


@ON_SQLITE
@pytest.mark.parametrize("act", ["disable", "delete"])
def test_it_is_not_sent_to_a_webhook_that_is_off(engine: Flask, public_id: str, act: str) -> None:
    job = claimed(engine, waited=2 * STALE_AFTER)
    assert looked_at(engine, job) == job
    switch_off(engine, public_id, act)
    assert looked_at(engine, job) is None


@ON_SQLITE
def test_it_is_sent_by_the_settings_as_edited(engine: Flask, public_id: str) -> None:
    job = claimed(engine, waited=2 * STALE_AFTER)
    with engine.app_context(), transaction():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        webhook.url = "http://127.0.0.1/2"
        db.session.flush()
        version = webhook.version

    current = looked_at(engine, job)
    assert current
    assert current.webhook_version == version > job.webhook_version


def test_it_is_not_sent_when_another_worker_has_taken_it_over(
    engine: Flask, public_id: str
) -> None:
    job = claimed(engine, waited=2 * STALE_AFTER)
    with engine.app_context(), transaction():
        db.session.execute(update(Delivery).values(claims=Delivery.claims + 1))
    assert looked_at(engine, job) is None


@ON_SQLITE
def test_what_was_claimed_just_now_costs_no_second_look(engine: Flask, public_id: str) -> None:
    job = claimed(engine, waited=-60.0)  # however slow this machine is
    switch_off(engine, public_id, "disable")
    assert looked_at(engine, job) is job


def test_what_may_not_be_sent_any_more_is_given_back_and_cancelled(
    engine: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = subscribe(engine, receiver.url)
    original = Attempts.current

    def late(self: Attempts, job: Job, held: Claim) -> Job | None:
        switch_off(engine, public_id, "disable")
        return original(self, job, held)

    monkeypatch.setattr(senders, "STALE_AFTER", -1.0)
    monkeypatch.setattr(leases, "EXPIRE_EVERY", 3600.0)
    monkeypatch.setattr(Attempts, "current", late)
    send(engine)
    with working(engine):
        ended(engine)

    assert [delivery.status for delivery in deliveries(engine)] == ["cancelled"]
    assert receiver.requests() == []
