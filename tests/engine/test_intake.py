"""Taking events in: what is stored, for whom, and how often."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.engine.conftest import deliveries, send, subscribe
from tests.support.apps import ON_SQLITE
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.delivery.queue import actions
from webhooks_ui.intake import accept as intake
from webhooks_ui.intake.event import Accepted, ChannelName, IncomingEvent, Refusal
from webhooks_ui.models import Channel, Event, Webhook, webhook_changes
from webhooks_ui.models.public_ids import DELIVERY, is_id, new_id


def accept(app: Flask, *events: IncomingEvent) -> list[Accepted] | Refusal:
    with app.app_context():
        return intake.accept(events)


def events(app: Flask) -> list[Event]:
    with app.app_context():
        return db.session.query(Event).order_by(Event.id).all()


def test_every_subscribed_webhook_gets_a_delivery_and_no_other(engine: Flask) -> None:
    with engine.app_context(), transaction():
        db.session.add_all([Channel(key="a", name="A"), Channel(key="b", name="B")])
    everywhere = subscribe(engine, "http://127.0.0.1/1")
    in_a = subscribe(engine, "http://127.0.0.1/2", channel="a")
    subscribe(engine, "http://127.0.0.1/3", channel="b")
    subscribe(engine, "http://127.0.0.1/4", events=("team_changed",))
    subscribe(engine, "http://127.0.0.1/5", enabled=False)
    deleted = subscribe(engine, "http://127.0.0.1/6")
    with engine.app_context():
        gone = Webhook.by_public_id(deleted)
        assert gone
        webhook_changes.delete(gone, None)

    (answer,) = send(engine, channel=ChannelName("a"))

    found = deliveries(engine)
    assert answer.deliveries == 2
    with engine.app_context():
        names = {w.id: w.public_id for w in db.session.query(Webhook)}
    assert [names[d.webhook_id or 0] for d in found] == [everywhere, in_a]
    assert {d.status for d in found} == {"pending"}
    assert all(is_id(d.public_id, DELIVERY) for d in found)


def test_an_event_that_matches_nothing_is_stored_too(engine: Flask) -> None:
    (answer,) = send(engine, data=b'{"n": 12345678901234567890, "p": 1.50}')

    assert answer.deliveries == 0
    with engine.app_context():
        event = Event.by_public_id(answer.event_id)
        assert event
        assert event.data == b'{"n": 12345678901234567890, "p": 1.50}'


def test_an_event_without_a_channel_goes_to_webhooks_for_all_channels(engine: Flask) -> None:
    with engine.app_context(), transaction():
        db.session.add(Channel(key="a", name="A"))
    subscribe(engine, "http://127.0.0.1/1", channel="a")

    assert send(engine)[0].deliveries == 0


@pytest.mark.parametrize("key", [{"sender_id": "9001"}, {"idempotency_key": "k-1"}])
def test_the_same_event_again_gets_the_same_answer(engine: Flask, key: dict[str, Any]) -> None:
    subscribe(engine, "http://127.0.0.1/1")

    (first,) = send(engine, **key)
    other = subscribe(engine, "http://127.0.0.1/2")
    (second,) = send(engine, **key)
    assert len(deliveries(engine)) == 1
    with engine.app_context():
        event, webhook = Event.by_public_id(first.event_id), Webhook.by_public_id(other)
        assert event
        assert webhook
        actions.deliver(event, webhook, new_id(DELIVERY))
    (third,) = send(engine, **key)

    assert second == third == replace(first, duplicate=True)
    assert (first.deliveries, first.duplicate) == (1, False)


@pytest.mark.parametrize(
    "other",
    [
        {"data": b'{"a": 1}'},
        {"type": "team_changed"},
        {"channel": ChannelName("new", "New")},
        {"occurred_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_the_same_key_with_another_event_is_a_conflict(
    engine: Flask, other: dict[str, object]
) -> None:
    send(engine, sender_id="9001")

    fields = {"type": "message_created", "data": b"{}", "sender_id": "9001", **other}
    answer = accept(engine, IncomingEvent(**fields))  # type: ignore[arg-type]

    assert isinstance(answer, Refusal)
    assert answer.code == "conflict"
    assert len(events(engine)) == 1


def test_a_sender_s_id_and_a_key_do_not_meet(engine: Flask) -> None:
    send(engine, sender_id="1")

    assert not send(engine, idempotency_key="1", data=b'{"a": 1}')[0].duplicate


def test_a_batch_is_all_or_nothing(engine: Flask) -> None:
    good = IncomingEvent("message_created", b"{}", ChannelName("made", "Made"))
    bad = IncomingEvent("message_created", b"{}", ChannelName("unknown"))

    answer = accept(engine, good, good, bad)

    assert isinstance(answer, Refusal)
    assert (answer.code, answer.index) == ("unknown_channel", 2)
    assert events(engine) == []
    with engine.app_context():
        assert Channel.choices() == []


@ON_SQLITE
def test_an_unknown_type_is_refused(engine: Flask) -> None:
    answer = accept(engine, IncomingEvent("no_such_thing", b"{}"))

    assert isinstance(answer, Refusal)
    assert answer.code == "unknown_type"


def test_the_same_event_twice_in_a_batch_is_one(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")

    first, second = send(engine, 2, sender_id="7")

    assert (first.event_id, first.deliveries) == (second.event_id, second.deliveries)
    assert (first.duplicate, second.duplicate) == (False, True)
    assert len(deliveries(engine)) == 1


def test_a_thousand_events_and_many_webhooks(engine: Flask) -> None:
    for number in range(3):
        subscribe(engine, f"http://127.0.0.1/{number}")

    answers = send(engine, 1000)

    assert {answer.deliveries for answer in answers} == {3}
    assert len({d.public_id for d in deliveries(engine)}) == 3000


def test_a_channel_is_made_and_renamed_on_the_way(engine: Flask) -> None:
    send(engine, channel=ChannelName("4", "Sales", "telegram"))
    send(engine, channel=ChannelName("4", "Telegram sales"))

    with engine.app_context():
        channel = db.session.scalars(select(Channel)).one()
        assert (channel.name, channel.kind) == ("Telegram sales", "telegram")
    assert [e.channel and e.channel["name"] for e in events(engine)] == ["Sales", "Telegram sales"]


@pytest.mark.usefixtures("patient")
def test_the_same_key_at_once_is_one_event(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    event = IncomingEvent("message_created", b"{}", ChannelName("race", "Race"), sender_id="same")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: accept(engine, event), range(16)))

    found = [a[0] for a in answers if not isinstance(a, Refusal)]
    assert len(found) == 16
    assert len({a.event_id for a in found}) == 1
    assert [a.duplicate for a in found].count(False) == 1
    assert len(deliveries(engine)) == 1


@pytest.mark.usefixtures("patient")
def test_batches_at_once_with_the_same_channels_and_ids_in_another_order(engine: Flask) -> None:
    """Whoever waits for another does so in one order, so that no two wait for each other."""
    batch = [
        IncomingEvent(
            "message_created", b"{}", ChannelName(f"c{n}", f"Channel {n}"), sender_id=f"m{n}"
        )
        for n in range(30)
    ]

    with ThreadPoolExecutor(6) as pool:
        orders = [batch, batch[::-1]] * 3
        answers = list(pool.map(lambda order: accept(engine, *order), orders))

    assert not any(isinstance(answer, Refusal) for answer in answers)
    assert len(events(engine)) == 30
    with engine.app_context():
        assert len(Channel.choices()) == 30


def test_each_event_of_a_batch_keeps_the_channel_as_it_named_it(engine: Flask) -> None:
    names = ("Sales", "Telegram sales")
    channels = [ChannelName("4", name) for name in names]

    accept(engine, *(IncomingEvent("message_created", b"{}", channel) for channel in channels))

    assert [e.channel and e.channel["name"] for e in events(engine)] == list(names)
    with engine.app_context():
        assert [channel.name for channel in Channel.choices()] == ["Telegram sales"]


def test_texts_and_bytes_are_stored_as_they_came(engine: Flask) -> None:
    """On PostgreSQL they travel in arrays, where some of these mean something."""
    texts = ['"', "\\", "\\x41", "{a,b}", "NULL", "null", ",", " a ", "a\nb", "a'b", "😀 і ї", "%s"]
    data = [b'{"n": "\\\\ \xff \x00"}', b"{}", b"\\x", b'"', b"NULL"]
    given = [
        IncomingEvent(
            "message_created",
            data[number % len(data)],
            ChannelName(f"key {text}", name=f"Name {text}"),
            sender_id=text,
            idempotency_key=f"k{text}",
        )
        for number, text in enumerate(texts)
    ]
    with engine.app_context():
        assert isinstance(intake.accept(given), list)
        found = db.session.scalars(select(Event).order_by(Event.id)).all()
        assert [one.sender_id for one in found] == texts
        assert [one.data for one in found] == [one.data for one in given]
        assert [one.channel and one.channel["name"] for one in found] == [
            f"Name {text}" for text in texts
        ]
        again = intake.accept(given)
        assert isinstance(again, list)
        assert all(one.duplicate for one in again)
