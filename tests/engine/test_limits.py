"""A receiver's limit holds its whole webhook; one that does not answer is probed."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask

from tests.conftest import stored
from tests.engine.conftest import deliveries, ended, send, subscribe, working
from tests.support.apps import ON_SQLITE, MakeApp
from tests.support.rate_limited import rate_limited, token_bucket
from tests.support.receiver import Answer, Receiver
from tests.support.waiting import free_port, wait_until
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import releases
from webhooks_ui.models import Delivery, Webhook

COUNT = 60
PATIENT = {"DELIVERY_TIMEOUT": 30.0}


@contextmanager
def hanging() -> Iterator[str]:
    """A receiver that takes connections and does not answer; at the end it resets them."""
    with socket.create_server(("127.0.0.1", 0), backlog=500) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_a_limited_receiver_takes_each_delivery_once(
    make_engine: MakeApp, receiver: Receiver
) -> None:
    """At which pace is measured in `test_pace`, without the machine's own."""
    app, other = make_engine(**PATIENT), make_engine(**PATIENT)
    with rate_limited(token_bucket(40, 5)) as limited:
        subscribe(app, limited.url)
        subscribe(app, receiver.url)
        send(app, COUNT)

        with working(app), working(other):
            wait_until(lambda: len(limited.taken) >= COUNT, what="all of them")
            ended(app, 2 * COUNT)

    assert len(limited.taken) == len(set(limited.ids)) == COUNT
    assert len(limited.refused) <= COUNT / 2
    assert len(receiver.requests()) == COUNT


@ON_SQLITE
def test_a_limit_holds_the_webhook_and_not_only_the_delivery(
    engine: Flask, receiver: Receiver
) -> None:
    public_id = subscribe(engine, receiver.url)
    receiver.answer(Answer(status=429, headers=(("Retry-After", "3600"),)))
    send(engine, 20)

    with working(engine):
        wait_until(lambda: stored(engine, public_id).held_until, what="the hold")
        with Receiver() as other:
            subscribe(engine, other.url, events=("team_changed",))
            send(engine, type="team_changed")
            other.wait(1)

    held = stored(engine, public_id)
    assert held.limited_until
    assert held.limited_until - now() > timedelta(minutes=59)
    assert held.failing_since is None
    assert len(receiver.requests()) <= 2


@ON_SQLITE
def test_a_receiver_that_does_not_answer_is_probed_one_at_a_time(engine: Flask) -> None:
    public_id = subscribe(engine, f"http://127.0.0.1:{free_port()}/")
    send(engine, 60)

    with working(engine):
        wait_until(lambda: stored(engine, public_id).hold_reason == "failing", what="the breaker")

    made = sum(delivery.attempts_made for delivery in deliveries(engine))
    assert made <= 12


@pytest.mark.usefixtures("looks_often")
def test_a_success_closes_the_breaker_and_all_goes_on(make_engine: MakeApp) -> None:
    app = make_engine(RETRY_SCHEDULE=(timedelta(seconds=0.2),) * 99)
    port = free_port()
    public_id = subscribe(app, f"http://127.0.0.1:{port}/")
    send(app, 30)

    with working(app):
        wait_until(lambda: stored(app, public_id).hold_reason == "failing", what="the breaker")
        with Receiver(port=port) as receiver:
            receiver.wait(30)
            ended(app, 30)

    assert stored(app, public_id).hold_reason is None
    assert {delivery.status for delivery in deliveries(app)} == {"succeeded"}


@ON_SQLITE
def test_receivers_that_hang_leave_half_of_the_slots_to_those_that_answer(
    make_engine: MakeApp, receiver: Receiver
) -> None:
    app = make_engine(**PATIENT)
    subscribe(app, receiver.url)
    send(app)
    with working(app, concurrency=8), hanging() as url:
        ended(app, 1)
        for _ in range(20):
            subscribe(app, url)
        send(app, 40)
        receiver.wait(41)

        under_way = [d for d in deliveries(app) if d.status == "delivering"]
        assert len([d for d in under_way if d.webhook_id != 1]) <= 4


def test_times_that_a_wrong_clock_has_set_are_pulled_back(engine: Flask) -> None:
    public_id = subscribe(engine, "http://127.0.0.1/1")
    send(engine, 2)
    moment, day = now(), timedelta(days=1)
    with engine.app_context():
        with transaction():
            first = db.session.get_one(Delivery, 1)
            first.due_at = moment + 3 * day
            held = Webhook.by_public_id(public_id)
            assert held
            held.held_until, held.hold_reason = moment + 3 * day, "limited"

        assert releases.pull_back(moment, day, timedelta(seconds=45)) == 1
        assert releases.pull_back(moment, day, timedelta(seconds=45)) == 0

    assert stored(engine, public_id).held_until == moment
    assert deliveries(engine)[0].due_at == moment
