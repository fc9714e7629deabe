"""How many times each page asks the database: exactly so often, however many rows there are."""

from flask import Flask
from flask.testing import FlaskClient

from tests.log.rows import TYPES, fill
from tests.log.test_lists import grow, listening
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel, Webhook, WebhookEvent

EXPECTED = {
    "/webhooks": 12,
    "/webhooks?status=failing": 12,
    "/webhooks?q=hook&event=message_created&sort=-last": 11,
    "/webhooks?channel=sales": 12,
    "/webhooks/{webhook}": 12,
    "/webhooks/{webhook}/edit": 4,
    "/deliveries": 5,
    "/deliveries?status=succeeded": 5,
    "/deliveries?webhook={webhook}": 6,
    "/deliveries?q={sender}": 7,
    "/deliveries/new?newest=1": 2,
    "/deliveries/{delivery}": 9,
    "/events": 4,
    "/events?event=message_created": 4,
    "/events?q={sender}": 5,
    "/events/{event}": 10,
    "/channels": 4,
    "/channels?q=sales": 4,
}
"""One of them finds out who asks. Of a list: its rows, what is shown beside them in one query for
all rows, and what the filters offer. Of an event: how the webhooks were set up when it came, once
for those that got it and once for those that did not. How webhooks have fared: their past as it was
added up, three times for those whose past was not, and the present."""


def test_every_page_asks_exactly_so_often(engine: Flask, browser: FlaskClient) -> None:
    known = fill(engine, 150)
    one = next(one for one in known if one.status == "succeeded")
    words = {"webhook": one.webhook, "event": one.event, "delivery": one.id, "sender": "m-149"}
    more_webhooks(engine, 6)
    few = {page: asked(engine, browser, page.format(**words)) for page in EXPECTED}
    grow(engine, 2_000)
    more_webhooks(engine, 60)
    many = {page: asked(engine, browser, page.format(**words)) for page in EXPECTED}
    assert few == EXPECTED
    assert many == EXPECTED


def asked(app: Flask, browser: FlaskClient, address: str) -> int:
    with listening(app) as statements:
        assert browser.get(address).status_code == 200
    return len(statements)


def more_webhooks(app: Flask, count: int) -> None:
    """Webhooks of all states, each with two events and a last delivery with its attempt."""
    with app.app_context(), transaction():
        sales = Channel.by_key("sales")
        for number in range(count):
            webhook = Webhook(
                name=f"Hook {number}",
                url="https://crm.example/",
                search_text=f"hook {number}",
                signing_secret="",
                enabled=number % 5 > 0,
                channel=sales if number % 2 else None,
                last_succeeded=(True, False, None)[number % 3],
                last_delivery_id=number + 1,
                subscriptions=[WebhookEvent(type=kind) for kind in TYPES[:2]],
            )
            db.session.add(webhook)
