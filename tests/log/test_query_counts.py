"""How many queries a page makes: as many however many rows there are, a ceiling, and by whom."""

from typing import Any

from flask import Flask, before_render_template
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.log.rows import TYPES, fill
from tests.log.test_lists import grow, listening
from tests.support.apps import ON_SQLITE
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel, Webhook, WebhookEvent

CEILINGS = {
    "/webhooks": 13,
    "/webhooks?status=failing": 12,
    "/webhooks?q=hook&event=message_created&sort=-last": 12,
    "/webhooks?channel=sales": 14,
    "/webhooks/{webhook}": 14,
    "/webhooks/{webhook}/edit": 7,
    "/webhooks/{webhook}/history": 8,
    "/deliveries": 6,
    "/deliveries?status=succeeded": 6,
    "/deliveries?webhook={webhook}": 10,
    "/deliveries?q={sender}": 14,
    "/deliveries/new?newest=1": 2,
    "/deliveries/{delivery}": 17,
    "/events": 6,
    "/events?event=message_created": 6,
    "/events?q={sender}": 14,
    "/events/new?newest=1": 2,
    "/events/{event}": 12,
    "/channels": 5,
    "/channels?q=sales": 5,
    "/webhooks/deleted": 4,
    "/sources": 5,
    "/settings/users": 6,
    "/settings/tokens": 4,
    "/settings/audit": 5,
    "/settings/audit?who=olena&q=hook": 6,
}
"""One query finds out who asks, one what the rail counts. A list has one for its rows (that of
webhooks another one for their events, and one that counts the failing ones), one for each thing
shown beside all of them, one for the newest events of those that work and were sent none, one for
what the filters offer, and one for the newest row. An event's page asks how the webhooks were set
up when it came: once for those that got it, once for those that did not. Pages with a payload ask
whether the audit log has this reader of the last hour. A delivery's page asks for the body that was
sent, the same event elsewhere, and the deliveries beside it. The deliveries of one webhook have its
head: itself and its events. A page that tells of one webhook that works asks since when it has had
no events. A search asks for the index, for how far it has come, and for what came last in it. The
audit log asks once what of all that its entries are about is still there."""


@ON_SQLITE
def test_a_page_makes_as_many_queries_for_many_rows_as_for_few(
    engine: Flask, browser: FlaskClient
) -> None:
    known = fill(engine, 150)
    one = next(one for one in known if one.status == "succeeded")
    with engine.app_context(), transaction():
        db.session.execute(update(Webhook).values(last_succeeded=True))
    words = {"webhook": one.webhook, "event": one.event, "delivery": one.id, "sender": "m-149"}
    more_webhooks(engine, 6)
    few = {page: asked(engine, browser, page.format(**words)) for page in CEILINGS}
    grow(engine, 2_000)
    more_webhooks(engine, 60)
    many = {page: asked(engine, browser, page.format(**words)) for page in CEILINGS}
    assert many == few
    assert {page: count for page, count in many.items() if count > CEILINGS[page]} == {}


def asked(app: Flask, browser: FlaskClient, address: str) -> int:
    """How many; a template reads nothing itself but what the rail counts."""
    loaded: list[int] = []

    def drawn(_app: Flask, **_context: Any) -> None:
        loaded.append(len(statements))

    with listening(app) as statements, before_render_template.connected_to(drawn, app):
        assert browser.get(address).status_code == 200
    while_drawn = [text for text, _parameters in statements[loaded[0] :]] if loaded else []
    assert len(while_drawn) <= 1, (address, while_drawn)
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
