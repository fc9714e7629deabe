"""The worker on both databases, with real receivers in another process."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from standardwebhooks import Webhook as Verifier

from tests.conftest import stored
from tests.engine.conftest import attempts, deliveries, ended, send, subscribe, working
from tests.support.apps import ON_SQLITE, MakeApp
from tests.support.receiver import Answer, Receiver
from tests.support.waiting import free_port, wait_until
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.database.engine import transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.worker import leases, loop
from webhooks_ui.models import Webhook, webhook_changes

PATIENT = {"DELIVERY_TIMEOUT": 30.0}
"""For who counts requests: none times out, and is sent again, since the machine is busy."""


def statuses(app: Flask) -> list[str]:
    return [delivery.status for delivery in deliveries(app)]


def test_an_event_reaches_its_webhook_signed_and_authorized(
    engine: Flask, receiver: Receiver
) -> None:
    public_id = subscribe(engine, receiver.url, authorization=Bearer("t0ken-1"))
    vault = engine.extensions["vault"]
    (secret,) = stored(engine, public_id).signing_secrets(vault, now())

    with working(engine):
        send(engine, data=b'{"n": 1.50}')
        (request,) = receiver.wait(1)
        ended(engine)

    (delivery,) = deliveries(engine)
    assert request.header("Authorization") == "Bearer t0ken-1"
    assert request.header("webhook-id") == delivery.public_id
    assert request.body.endswith(b'"data": {"n": 1.50}}')
    assert Verifier(secret).verify(request.body, dict(request.headers))
    assert (delivery.status, delivery.attempts_made) == ("succeeded", 1)
    assert stored(engine, public_id).last_delivery_id == delivery.id
    assert "t0ken-1" not in str(attempts(engine)[0].request_headers)


def test_an_idle_worker_is_woken_and_does_not_look_for_itself(
    engine: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "POLL_EVERY", 600.0)
    subscribe(engine, receiver.url)

    with working(engine):
        for count in (1, 2, 3):  # after the first it sleeps, after the second nothing is new
            send(engine)
            receiver.wait(count)
            ended(engine, count)


def test_what_waited_before_the_worker_started_is_delivered(
    make_engine: MakeApp, receiver: Receiver
) -> None:
    engine = make_engine(**PATIENT)
    subscribe(engine, receiver.url)
    send(engine, 250)

    with working(engine):
        receiver.wait(250)
        ended(engine, 250)

    assert set(statuses(engine)) == {"succeeded"}
    ids = [request.header("webhook-id") for request in receiver.requests()]
    assert len(set(ids)) == len(ids) == 250


def test_two_workers_send_each_delivery_once(make_engine: MakeApp, receiver: Receiver) -> None:
    one, other = make_engine(**PATIENT), make_engine(**PATIENT)
    for _ in range(3):
        subscribe(one, receiver.url)
    send(one, 100)

    with working(one), working(other):
        receiver.wait(300)
        ended(one, 300)

    ids = [request.header("webhook-id") for request in receiver.requests()]
    assert len(set(ids)) == len(ids) == 300


@pytest.mark.usefixtures("looks_often")
def test_a_failure_is_tried_again_under_the_same_id(
    make_engine: MakeApp, receiver: Receiver
) -> None:
    app = make_engine(RETRY_SCHEDULE=(timedelta(milliseconds=20),) * 3)
    public_id = subscribe(app, receiver.url)
    receiver.answer(Answer(status=500), Answer(status=503), Answer(status=200))

    with working(app):
        send(app)
        ended(app)

    first, second, third = receiver.requests()
    assert first.header("webhook-id") == second.header("webhook-id") == third.header("webhook-id")
    assert statuses(app) == ["succeeded"]
    assert [a.number for a in attempts(app)] == [1, 2, 3]
    assert stored(app, public_id).failing_since is None


@pytest.mark.usefixtures("looks_often")
@ON_SQLITE
def test_when_the_schedule_has_ended_it_has_failed(
    make_engine: MakeApp, receiver: Receiver
) -> None:
    app = make_engine(RETRY_SCHEDULE=(timedelta(milliseconds=1),) * 2)
    public_id = subscribe(app, receiver.url)
    receiver.answer(Answer(status=500))

    with working(app):
        send(app)
        ended(app)

    assert statuses(app) == ["failed"]
    assert len(attempts(app)) == 3
    assert stored(app, public_id).failing_since is not None


@ON_SQLITE
def test_410_disables_and_cancels_what_waits(
    engine: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "EXPIRE_EVERY", 3600.0)  # at once, not by the sweep
    public_id = subscribe(engine, receiver.url)
    receiver.answer(Answer(status=410))
    send(engine, 10)

    with working(engine, concurrency=1):
        ended(engine, 10)

    found = stored(engine, public_id)
    assert (found.enabled, found.disabled_reason) == (False, "gone")
    assert "cancelled" in statuses(engine)
    assert "pending" not in statuses(engine)
    assert len(receiver.requests()) < 10


@pytest.mark.usefixtures("looks_often")
@ON_SQLITE
def test_a_webhook_that_fails_for_too_long_is_disabled(
    make_engine: MakeApp, receiver: Receiver
) -> None:
    app = make_engine(
        RETRY_SCHEDULE=(timedelta(milliseconds=1),) * 9, DISABLE_AFTER=timedelta(milliseconds=1)
    )
    public_id = subscribe(app, receiver.url)
    receiver.answer(Answer(status=500))

    with working(app):
        send(app)
        ended(app)

    found = stored(app, public_id)
    assert (found.enabled, found.disabled_reason) == (False, "failing")
    assert statuses(app) == ["cancelled"]


def test_retry_after_is_waited_for(engine: Flask, receiver: Receiver) -> None:
    subscribe(engine, receiver.url)
    receiver.answer(Answer(status=429, headers=(("Retry-After", "3600"),)))
    before = now()

    with working(engine):
        send(engine)
        wait_until(lambda: len(attempts(engine)) == 1, what="an attempt")

    (delivery,) = deliveries(engine)
    assert delivery.status == "pending"
    assert delivery.due_at
    assert delivery.due_at - before >= timedelta(seconds=3600)


def test_disabling_and_deleting_cancel_what_waits(engine: Flask) -> None:
    ids = [subscribe(engine, "http://127.0.0.1:1/") for _ in range(2)]
    send(engine, 3)

    with engine.app_context():
        first, second = (Webhook.by_public_id(public_id) for public_id in ids)
        assert first
        assert second
        webhook_changes.set_enabled(first, False, None)
        webhook_changes.delete(second, None)

    assert statuses(engine) == ["cancelled"] * 6


def test_an_edited_webhook_is_used_as_edited(engine: Flask, receiver: Receiver) -> None:
    public_id = subscribe(engine, "http://127.0.0.1:1/old")
    send(engine)
    with engine.app_context(), transaction():
        found = Webhook.by_public_id(public_id)
        assert found
        found.url = receiver.url + "/new"

    with working(engine):
        ended(engine)

    assert receiver.requests()[0].path.endswith("/new")


def test_receivers_that_hang_do_not_delay_the_others(
    make_engine: MakeApp, receiver: Receiver
) -> None:
    app = make_engine(DELIVERY_TIMEOUT=30.0)
    with Receiver() as hanging:
        hanging.answer(Answer(hang=True))
        for _ in range(5):
            subscribe(app, hanging.url)
        subscribe(app, receiver.url)
        send(app, 100)

        with working(app, concurrency=16):
            receiver.wait(100)
            assert len(hanging.requests()) <= 10
            hanging.__exit__(None, None, None)


@pytest.mark.parametrize("jump", [timedelta(days=10), timedelta(hours=-1)])
def test_a_jump_of_the_clock_neither_storms_nor_sticks(
    make_engine: MakeApp, receiver: Receiver, jump: timedelta
) -> None:
    engine = make_engine(**PATIENT)
    subscribe(engine, receiver.url)
    offset = timedelta()

    def clock() -> datetime:
        return now() + offset

    with working(engine, clock=clock):
        send(engine, 20)
        receiver.wait(20)
        offset = jump
        send(engine, 20)
        receiver.wait(40)
        ended(engine, 40)

    ids = [request.header("webhook-id") for request in receiver.requests()]
    assert len(ids) == len(set(ids)) == 40


def test_a_refused_connection_is_recorded_and_waits(engine: Flask) -> None:
    subscribe(engine, f"http://127.0.0.1:{free_port()}/")

    with working(engine):
        send(engine)
        wait_until(lambda: len(attempts(engine)) == 1, what="an attempt")

    (delivery,) = deliveries(engine)
    assert delivery.status == "pending"
    assert attempts(engine)[0].error == "connection_refused"


def test_a_worker_that_ends_gives_back_what_it_has_not_begun(
    engine: Flask, receiver: Receiver
) -> None:
    for number in range(4):
        subscribe(engine, f"{receiver.url}/{number}")
    receiver.answer(Answer(delay=0.2))
    send(engine, 5)

    with working(engine, concurrency=2):
        receiver.wait(1)

    begun = len(receiver.requests())
    assert begun < 20
    assert statuses(engine).count("succeeded") == begun
    assert statuses(engine).count("pending") == 20 - begun
