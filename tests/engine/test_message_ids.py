"""What is sent again bears the ``webhook-id`` of the first time, by which a receiver knows it."""

from datetime import timedelta

from flask import Flask

from tests.engine.conftest import deliveries, ended, send, subscribe, working
from tests.support.receiver import Answer, Receiver
from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import actions
from webhooks_ui.jobs import recovery
from webhooks_ui.models import Delivery, Event, Webhook, form_keys, undelivered, webhook_changes
from webhooks_ui.models.recovery import Choice


def message_ids(receiver: Receiver) -> list[str | None]:
    return [request.header("webhook-id") for request in receiver.requests()]


def test_what_is_sent_again_by_hand_is_known_as_a_repetition(
    engine: Flask, receiver: Receiver
) -> None:
    public_id = subscribe(engine, receiver.url)
    send(engine)
    with working(engine):
        ended(engine, 1)
        with engine.app_context():
            first = db.session.query(Delivery).one()
            again = actions.resend(first)
            assert isinstance(again, Delivery)
            assert isinstance(actions.resend(again), Delivery)
            event, webhook = db.session.query(Event).one(), Webhook.by_public_id(public_id)
            assert webhook
            actions.deliver(event, webhook, form_keys.new_key())
        ended(engine, 4)

    made = deliveries(engine)
    assert len({delivery.public_id for delivery in made}) == 4
    assert {delivery.message_id for delivery in made} == {made[0].public_id}
    assert message_ids(receiver) == [made[0].public_id] * 4


def test_what_a_recovery_sends_is_known_as_a_repetition(engine: Flask, receiver: Receiver) -> None:
    subscribe(engine, receiver.url)
    receiver.answer(Answer(status=410), Answer())
    send(engine)
    with working(engine):
        ended(engine, 1)
        with engine.app_context():
            webhook = db.session.query(Webhook).one()
            webhook_changes.set_enabled(webhook, True, None)
            choice, since = Choice(webhook=webhook.public_id), now() - timedelta(hours=1)
            found = undelivered.preview(choice, since, now())
            recovery.start(choice, since, now(), found, None)
            recovery.step()
        ended(engine, 2)

    first, again = deliveries(engine)
    assert (again.resend_of_id, again.message_id) == (first.id, first.public_id)
    assert message_ids(receiver) == [first.public_id] * 2
