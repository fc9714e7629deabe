"""Why a webhook gets an event or does not: the words, the rule and the fan-out say the same."""

import re
from collections.abc import Collection
from dataclasses import replace
from itertools import product
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from tests.engine.conftest import send, subscribe
from tests.support.apps import ON_SQLITE
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.intake.event import ChannelName
from webhooks_ui.models import (
    Channel,
    Delivery,
    Event,
    Webhook,
    WebhookState,
    channel_changes,
    deleted_webhooks,
    event_outcomes,
    form_keys,
    webhook_changes,
)
from webhooks_ui.models.matching import reasons

TYPES = ("message_created", "message_updated", "team_changed")
TABLE = {
    # enabled, deleted, subscribed, channel fits: what is said against it
    (True, False, True, True): set(),
    (True, False, True, False): {"other_channel"},
    (True, False, False, True): {"not_subscribed"},
    (True, False, False, False): {"not_subscribed", "other_channel"},
    (False, False, True, True): {"disabled"},
    (False, False, True, False): {"disabled", "other_channel"},
    (False, False, False, True): {"disabled", "not_subscribed"},
    (False, False, False, False): {"disabled", "not_subscribed", "other_channel"},
    (True, True, True, True): {"deleted"},
    (True, True, True, False): {"deleted", "other_channel"},
    (True, True, False, True): {"deleted", "not_subscribed"},
    (True, True, False, False): {"deleted", "not_subscribed", "other_channel"},
    (False, True, True, True): {"deleted", "disabled"},
    (False, True, True, False): {"deleted", "disabled", "other_channel"},
    (False, True, False, True): {"deleted", "disabled", "not_subscribed"},
    (False, True, False, False): {"deleted", "disabled", "not_subscribed", "other_channel"},
}
channel_ids = st.none() | st.integers(1, 3)


@given(
    kind=st.sampled_from(TYPES),
    channel_id=channel_ids,
    enabled=st.booleans(),
    deleted=st.booleans(),
    own_channel=channel_ids,
    subscribed=st.sets(st.sampled_from(TYPES)),
)
def test_the_rule_is_the_truth_table(
    kind: str,
    channel_id: int | None,
    enabled: bool,
    deleted: bool,
    own_channel: int | None,
    subscribed: Collection[str],
) -> None:
    fits = own_channel in (None, channel_id)
    setup = WebhookState(
        enabled=enabled, deleted=deleted, channel_id=own_channel, event_types=[*subscribed]
    )
    said = reasons(kind, channel_id, setup, now())
    assert set(said) == TABLE[enabled, deleted, kind in subscribed, fits]
    assert len(said) == len(set(said))


def test_what_did_not_exist_yet() -> None:
    assert reasons("message_created", None, None, now()) == ("not_yet",)


def test_the_fan_out_follows_the_rule(engine: Flask) -> None:
    """Every combination at once: who has a delivery is exactly who has nothing said against it."""
    with engine.app_context(), transaction():
        db.session.add_all([Channel(key="own", name="Own"), Channel(key="other", name="Other")])
    for enabled, subscribed, channel in product(
        (True, False), (True, False), (None, "own", "other")
    ):
        kinds = ("message_created",) if subscribed else ("team_changed",)
        subscribe(engine, "http://127.0.0.1/1", enabled=enabled, events=kinds, channel=channel)
    for channel in (None, "own"):
        (accepted,) = send(engine, channel=_named(channel))
        with engine.app_context():
            event = Event.by_public_id(accepted.event_id)
            assert event
            missed = event_outcomes.missed(event, "", 1)
            assert all(one.reasons for one in missed.items)
            got = db.session.query(Delivery).filter_by(event_id=event.id).count()
            assert got + missed.total == 12
            assert got == (1 if channel is None else 2) == accepted.deliveries


def test_it_is_about_the_moment_when_the_event_came(engine: Flask) -> None:
    public_id = subscribe(engine, "http://127.0.0.1/1", events=("team_changed",))
    (unsubscribed,) = send(engine)
    _change(engine, public_id, events=("message_created",), enabled=False)
    (disabled,) = send(engine)
    _change(engine, public_id, enabled=True)
    (got,) = send(engine)
    subscribe(engine, "http://127.0.0.1/2", name="Late")
    assert _said(engine, unsubscribed.event_id) == [("not_subscribed",), ("not_yet",)]
    assert _said(engine, disabled.event_id) == [("disabled",), ("not_yet",)]
    assert _said(engine, got.event_id) == [("not_yet",)]


def test_deleting_restoring_and_other_channels_are_part_of_the_story(
    engine: Flask, browser: FlaskClient
) -> None:
    with engine.app_context(), transaction():
        db.session.add_all([Channel(key="own", name="Own"), Channel(key="other", name="Other")])
    own = subscribe(engine, "http://127.0.0.1/1", name="Shop", channel="own")
    (elsewhere,) = send(engine, channel=ChannelName("other"))
    with engine.app_context():
        webhook = Webhook.by_public_id(own)
        assert webhook
        webhook_changes.delete(webhook, None)
    (deleted,) = send(engine, channel=ChannelName("own"))
    assert deleted.deliveries == 0
    # Whoever was deleted before the event came has no part in its story; who was there has.
    assert _said(engine, deleted.event_id) == []
    assert _said(engine, elsewhere.event_id) == [("other_channel",)]
    page = browser.get(f"/events/{elsewhere.event_id}").text
    assert "<b><bdi>Shop</bdi></b>" in page
    assert "/deliver" not in page.partition('id="missed"')[2].partition("</main>")[0]

    with engine.app_context():
        channel = Channel.by_key("own")
        assert channel
        assert channel_changes.delete(channel) == []
        webhook = deleted_webhooks.by_public_id(own)
        assert webhook
        webhook_changes.restore(webhook, None)
    (late,) = send(engine, channel=ChannelName("other"))
    assert _said(engine, late.event_id) == [("disabled",)]
    assert _said(engine, deleted.event_id) == [("deleted",)]


@ON_SQLITE
def test_the_page_says_it_and_delivers_to_who_did_not_get_it(
    engine: Flask, browser: FlaskClient
) -> None:
    wanted = subscribe(engine, "http://127.0.0.1/1", name="Wants teams", events=TYPES[2:])
    off = subscribe(engine, "http://127.0.0.1/2", name="Turned off", enabled=False)
    (accepted,) = send(engine, data=b'{"amount": 1.50}', sender_id="order-17")
    assert accepted.deliveries == 0
    assert "no webhook matched" in browser.get("/events?unmatched=yes").text
    path = f"/events/{accepted.event_id}"
    page = browser.get(path).text
    assert '<span class="k">&#34;amount&#34;</span>' in page
    assert '"amount": 1.50' in Markup(page).striptags()  # noqa: S704  # read, and shown to nobody
    assert "It did not subscribe to this event." in page
    assert "It was disabled by hand." in page

    order = {"webhook": wanted, "order": form_keys.new_key()}
    first = browser.post(f"{path}/deliver", data=order)
    assert first.status_code == 303
    assert browser.post(f"{path}/deliver", data=order).location == first.location
    with engine.app_context():
        (made,) = db.session.query(Delivery).all()
        assert (made.status, made.test, made.type) == ("pending", False, "message_created")
    assert accepted.event_id not in browser.get("/events?unmatched=yes").text
    # Among those who got it now, with the reason why it was not by itself.
    got, _, missed = browser.get(path).text.partition('id="missed"')
    assert re.search(r"It was sent by hand\.</p>\s*<p>It did not subscribe to this event", got)
    assert "It did not subscribe to this event." not in missed
    assert "Wants teams" in browser.get(first.location).text

    refused = browser.post(f"{path}/deliver", data={"webhook": off}, follow_redirects=True)
    assert "Enable it first" in refused.text
    with engine.app_context():
        assert db.session.query(Delivery).count() == 1


@ON_SQLITE
def test_the_page_says_why_those_who_got_it_did(engine: Flask, browser: FlaskClient) -> None:
    with engine.app_context(), transaction():
        db.session.add(Channel(key="own", name="Own"))
    subscribe(engine, "http://127.0.0.1/1", name="Hears all")
    narrow = subscribe(engine, "http://127.0.0.1/2", name="Hears one", channel="own")
    (accepted,) = send(engine, channel=ChannelName("own"))
    _change(engine, narrow, events=("team_changed",))  # which came later

    with engine.app_context():
        first = db.session.query(Delivery).filter_by(event_id=1).order_by(Delivery.id).first()
        assert first
        browser.post(f"/deliveries/{first.public_id}/resend")
    got = browser.get(f"/events/{accepted.event_id}").text.partition('id="missed"')[0]

    assert "It subscribed to this event and listened to all channels." in got
    assert "It subscribed to this event and listened to its channel." in got
    assert got.count("It was sent again.") == 1


def _named(key: str | None) -> ChannelName | None:
    return ChannelName(key) if key else None


def _change(app: Flask, public_id: str, **changes: Any) -> None:
    with app.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        vault = app.extensions["vault"]
        settings = replace(webhook.settings(vault), **changes)
        assert webhook_changes.change(webhook, webhook.version, settings, vault, None)


def _said(app: Flask, event_id: str) -> list[tuple[str, ...]]:
    with app.app_context():
        event = Event.by_public_id(event_id)
        assert event
        missed = event_outcomes.missed(event, "", 1).items
        return [one.reasons for one in sorted(missed, key=lambda one: one.webhook.id)]
