"""A pause: nothing is queued or sent until its end, and what came meanwhile can be recovered."""

from datetime import datetime, timedelta

from flask import Flask

from tests.engine.conftest import (
    attempt_at,
    deliveries,
    ended,
    send,
    subscribe,
    switch_off,
    working,
)
from tests.engine.conftest import claim as claim_due
from tests.support.apps import ON_SQLITE
from tests.support.receiver import Receiver
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import actions, releases, turns
from webhooks_ui.delivery.queue.claims import Demand, Job, Result
from webhooks_ui.delivery.retry import Decision
from webhooks_ui.jobs import recovery
from webhooks_ui.models import (
    Delivery,
    Event,
    Recovery,
    Webhook,
    backlog,
    event_outcomes,
    missed_events,
    undelivered,
    webhook_changes,
    webhook_history,
)
from webhooks_ui.models.recovery import Choice

LEASE, HOUR = timedelta(seconds=45), timedelta(hours=1)


def pause(app: Flask, public_id: str, until: datetime | None) -> bool:
    with app.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        return webhook_changes.pause(webhook, until, None)


def claim(app: Flask, moment: datetime | None = None) -> list[Job]:
    with app.app_context():
        return claim_due({}, 10, 10, moment or now(), LEASE).jobs


def missed(app: Flask, public_id: str) -> int:
    with app.app_context():
        choice = Choice(webhook=public_id, missed=True)
        return missed_events.count(choice, now() - HOUR, now() + HOUR)


def test_what_comes_meanwhile_is_not_queued_but_counted_and_recovered(engine: Flask) -> None:
    own = subscribe(engine, "http://127.0.0.1/1")
    other = subscribe(engine, "http://127.0.0.1/2")
    send(engine)
    assert pause(engine, own, now() + HOUR)
    answers = send(engine, 3)
    assert [answer.deliveries for answer in answers] == [1, 1, 1]
    assert missed(engine, own) == 3
    assert missed(engine, other) == 0

    pause(engine, own, None)
    assert missed(engine, own) == 3
    send(engine)
    assert missed(engine, own) == 3
    with engine.app_context():
        choice = Choice(webhook=own, missed=True)
        found = undelivered.preview(choice, now() - HOUR, now() + HOUR)
        assert found.total == 3
        begun = recovery.start(choice, now() - HOUR, now() + HOUR, found, None)
        assert isinstance(begun, Recovery)
        while recovery.step():
            pass
    assert missed(engine, own) == 0
    assert len(deliveries(engine)) == 10  # five events for both of them


def test_what_waits_is_kept_and_sent_from_its_end_on(engine: Flask) -> None:
    own = subscribe(engine, "http://127.0.0.1/1")
    send(engine, 2)
    until = now() + HOUR
    pause(engine, own, until)
    assert claim(engine) == []
    with engine.app_context():
        resumes_in = turns.turn([], Demand(lambda _: None, 2, 10, LEASE), now()).resumes_in
        assert 3590 < resumes_in <= 3600
        assert backlog.overdue(now() + LEASE) == 0
    assert [one.status for one in deliveries(engine)] == ["pending"] * 2
    assert len(claim(engine, until)) == 2


def test_what_was_claimed_before_is_not_sent_but_kept(engine: Flask) -> None:
    own = subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    (job,) = claim(engine)
    pause(engine, own, now() + HOUR)
    with engine.app_context():
        assert turns.current_version(job.claim) is None
        releases.release([job.claim], now())
    assert [one.status for one in deliveries(engine)] == ["pending"]
    assert claim(engine) == []
    pause(engine, own, None)
    assert len(claim(engine)) == 1


def test_how_long_it_had_failed_does_not_count_after_a_pause(engine: Flask) -> None:
    own = subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    (job,) = claim(engine)
    result = Result(job.claim, attempt_at(job, "timeout", now()), Decision("pending", now()))
    with engine.app_context():
        turns.record([result], now())
        webhook = Webhook.by_public_id(own)
        assert webhook
        assert webhook.failing_since
        webhook_changes.pause(webhook, now() + HOUR, None)
        assert webhook.resumes_at
        assert webhook.failing_since is None
        webhook_changes.pause(webhook, None, None)
        assert webhook.state == "failing"


def test_a_worker_goes_on_by_itself_at_the_end(engine: Flask, receiver: Receiver) -> None:
    own = subscribe(engine, receiver.url)
    send(engine)
    until = now() + timedelta(seconds=0.5)
    pause(engine, own, until)
    with working(engine):
        ended(engine)
    (sent,) = deliveries(engine)
    assert sent.status == "succeeded"
    with engine.app_context():
        delivery = Delivery.by_public_id(sent.public_id)
        assert delivery
        assert delivery.attempt
        assert delivery.attempt.started_at >= until


@ON_SQLITE
def test_an_event_says_why_it_was_not_got(engine: Flask) -> None:
    own = subscribe(engine, "http://127.0.0.1/1")
    pause(engine, own, now() + HOUR)
    (answer,) = send(engine)
    with engine.app_context():
        event = Event.by_public_id(answer.event_id)
        assert event
        (case,) = event_outcomes.missed(event, "", 1).items
        assert case.reasons == ("paused",)
        webhook = Webhook.by_public_id(own)
        assert webhook
        assert actions.deliver(event, webhook, "form") == "paused"


def test_one_that_is_off_is_not_paused_and_switching_off_ends_a_pause(engine: Flask) -> None:
    own = subscribe(engine, "http://127.0.0.1/1")
    pause(engine, own, now() + HOUR)
    switch_off(engine, own, "disable")
    assert not pause(engine, own, now() + HOUR)
    with engine.app_context():
        webhook = Webhook.by_public_id(own)
        assert webhook
        assert webhook.resumes_at is None
        kinds = [period.reason for period in webhook_history.idle_periods(webhook.id)]
        assert kinds == ["paused", "manual"]
