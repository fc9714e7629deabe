"""Filters decide at intake: nothing is queued in vain, and the event says why."""

import json
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import sign_in
from tests.engine.conftest import deliveries, engine, send, subscribe
from tests.support.apps import ON_SQLITE
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db
from webhooks_ui.database.types import EPOCH, now
from webhooks_ui.intake import accept
from webhooks_ui.intake.event import IncomingEvent, Refusal
from webhooks_ui.models import Event, Webhook, event_outcomes, missed_events, webhook_changes
from webhooks_ui.models.recovery import Choice
from webhooks_ui.text.filters import Condition, Filters

__all__ = ["engine"]  # fixtures
INCOMING = Filters("all", (Condition("message_type", "equals", "incoming"),))
URL = "http://127.0.0.1/1"


def message(kind: str) -> bytes:
    return json.dumps({"message_type": kind}).encode()


def got(app: Flask) -> list[tuple[str, str]]:
    """The webhook and the kind of message of each delivery, in order."""
    with app.app_context():
        rows = {row.id: row.public_id for row in db.session.query(Webhook)}
        data = {row.id: json.loads(row.data) for row in db.session.query(Event)}
    return [
        (rows[each.webhook_id or 0], data[each.event_id]["message_type"])
        for each in deliveries(app)
    ]


def test_only_what_meets_them_is_queued(engine: Flask) -> None:
    all_of_them = subscribe(engine, URL)
    filtered = subscribe(engine, URL, filters=INCOMING)
    kinds = ["incoming", "outgoing", "incoming", "template"]
    events = [IncomingEvent("message_created", message(kind)) for kind in kinds]

    with engine.app_context():
        answers = accept.accept(events)

    assert not isinstance(answers, Refusal)
    assert [each.deliveries for each in answers] == [2, 1, 2, 1]
    found = got(engine)
    assert [kind for webhook, kind in found if webhook == all_of_them] == kinds
    assert [kind for webhook, kind in found if webhook == filtered] == ["incoming"] * 2
    with engine.app_context():
        counts = db.session.scalars(select(Event.deliveries_count).order_by(Event.id)).all()
        assert counts == [2, 1, 2, 1]


def test_an_edit_counts_at_once(engine: Flask) -> None:
    webhook = subscribe(engine, URL, filters=INCOMING)
    assert send(engine, data=message("outgoing"))[0].deliveries == 0
    with engine.app_context():
        row = Webhook.by_public_id(webhook)
        assert row
        settings = row.settings(current_vault())
        assert settings.filters == INCOMING
        changed = replace(settings, filters=None)
        assert webhook_changes.change(row, row.version, changed, current_vault(), None)
    assert send(engine, data=message("outgoing"))[0].deliveries == 1


@ON_SQLITE
def test_events_of_the_consoles_own_pass(engine: Flask) -> None:
    told = subscribe(engine, URL, events=("webhook_failing",), filters=INCOMING)
    about = subscribe(engine, URL, events=("webhook_failing",))
    with engine.app_context():
        row = Webhook.by_public_id(about)
        assert row
        data = json.dumps({"webhook": {"id": about}}).encode()
        answers = accept.accept([IncomingEvent("webhook_failing", data, about=row.id)])
        assert not isinstance(answers, Refusal)
        assert answers[0].deliveries == 1
        (delivery,) = deliveries(engine)
        found = Webhook.by_public_id(told)
        assert found
        assert delivery.webhook_id == found.id


@ON_SQLITE
def test_the_event_says_why(engine: Flask) -> None:
    subscribe(engine, URL, filters=INCOMING)
    send(engine, data=message("outgoing"))
    with engine.app_context():
        event = db.session.scalars(select(Event)).one()
        (outcome,) = event_outcomes.missed(event, "", 1).items
        assert outcome.reasons == ("filtered",)
        assert outcome.unmet == INCOMING.conditions
        path = f"/events/{event.public_id}"
    page = sign_in(engine, "olena").get(path).text
    assert "Its filters did not let it through" in page
    assert "message_type equals &#34;incoming&#34;" in page


def test_the_reason_is_that_of_its_time(engine: Flask) -> None:
    webhook = subscribe(engine, URL, filters=INCOMING)
    send(engine, data=message("outgoing"))
    with engine.app_context():
        row = Webhook.by_public_id(webhook)
        assert row
        changed = replace(row.settings(current_vault()), filters=None)
        webhook_changes.change(row, row.version, changed, current_vault(), None)
        event = db.session.scalars(select(Event)).one()
        (outcome,) = event_outcomes.missed(event, "", 1).items
        assert outcome.reasons == ("filtered",)


@pytest.mark.parametrize("limit", [1, 10])
def test_what_was_missed_is_filtered_too(engine: Flask, limit: int) -> None:
    webhook = subscribe(engine, URL, filters=INCOMING)
    with engine.app_context():
        row = Webhook.by_public_id(webhook)
        assert row
        webhook_changes.set_enabled(row, False, None)
    for kind in ("incoming", "outgoing", "incoming"):
        send(engine, data=message(kind))
    with engine.app_context():
        row = Webhook.by_public_id(webhook)
        assert row
        webhook_changes.set_enabled(row, True, None)
        choice = Choice(webhook=webhook, missed=True)
        assert missed_events.count(choice, EPOCH, now()) == 2
        rows = db.session.scalars(select(Event.id).order_by(Event.id)).all()
        taken = missed_events.take(choice, EPOCH, now(), 0, limit)
        assert [*taken] == [rows[0], rows[2]][:limit]
