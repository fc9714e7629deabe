"""A webhook that works and has had no events for a day says since when, on every page."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.engine.conftest import subscribe
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Delivery, Event, Webhook, WebhookHour
from webhooks_ui.models.webhook_silence import LOOKED_AT

STATE = re.compile(r'<span class="state [^>]*>\s*<svg.*?</svg>\s*(.*?)</span>', re.DOTALL)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EVENT, TEST = False, True


def heard(
    name: str,
    *what: tuple[timedelta, bool],
    last: int = -1,
    status: str = "succeeded",
    **facts: Any,
) -> None:
    """A webhook with deliveries of so long ago, of events or tests; `last` was recorded last."""
    with transaction():
        webhook = db.session.query(Webhook).filter_by(name=name).one()
        made = [
            Delivery(
                event=Event(type="message_created", data=b"{}", test=test),
                webhook_id=webhook.id,
                type="message_created",
                test=test,
                status=status,
                created_at=now() - ago,
            )
            for ago, test in what
        ]
        for one in made:
            db.session.add(one)
            db.session.flush()
        webhook.last_delivery_id, webhook.last_succeeded = made[last].id, True
        for fact, value in facts.items():
            setattr(webhook, fact, value)


@pytest.fixture
def told(app: Flask) -> dict[str, str]:
    """Webhooks that work, by name, and what is said of each."""
    known = {
        "Tested": f"No events since {now() - 5 * DAY:%-d %b %Y}",
        "Retried": f"No events since {now() - 4 * DAY:%-d %b %Y}",
        "Lost": f"No events since {now() - 3 * DAY:%-d %b %Y}",
        "New": "No events yet",
        "Emptied": "No events in 24 h",
        "Long tested": "No events in 24 h",
        "Waiting": "Working",
        "Busy": "Working",
    }
    for name in known:
        subscribe(app, "http://127.0.0.1:9/", name=name)
    with app.app_context():
        heard("Tested", (6 * DAY, EVENT), (5 * DAY, EVENT), (HOUR, TEST), (HOUR, TEST))
        heard("Retried", (6 * DAY, EVENT), (4 * DAY, EVENT), last=0)
        heard("Lost", (3 * DAY, EVENT), status="cancelled")
        heard("New", (HOUR, TEST))
        heard("Emptied", (HOUR, TEST), created_at=now() - 60 * DAY)  # what it had is not kept
        heard("Long tested", (2 * DAY, EVENT), *[(HOUR, TEST)] * LOOKED_AT)
        heard("Waiting", (HOUR, EVENT), status="pending")
        heard("Busy", (5 * DAY, EVENT), (HOUR, TEST))  # the event was sent once more
        with transaction():
            busy = db.session.query(Webhook).filter_by(name="Busy").one()
            hour = now().replace(minute=0, second=0, microsecond=0)
            db.session.add(WebhookHour(webhook_id=busy.id, hour=hour, attempts=1))
    return known


def state(html: str) -> str:
    """The state that a part of a page tells first."""
    found = STATE.search(html)
    assert found, html
    return re.sub(r"<[^>]+>", "", found[1]).strip()


@ON_BOTH_DATABASES
def test_each_row_of_the_list_says_it(admin: FlaskClient, told: dict[str, str]) -> None:
    page = admin.get("/webhooks?status=working&sort=name").text
    rows = page[page.index("<tbody") :].split('<tr id="')[1:]
    assert {row.partition("<bdi>")[2].partition("<")[0]: state(row) for row in rows} == told


def test_every_page_about_a_webhook_says_it(
    app: Flask, admin: FlaskClient, told: dict[str, str]
) -> None:
    with app.app_context():
        ids = dict(db.session.query(Webhook.name, Webhook.public_id).all())
        of_each = db.session.query(Webhook.name, Delivery.public_id).join(Delivery.webhook)
        deliveries = dict(of_each.all())
    for name in ("Tested", "New", "Emptied", "Waiting", "Busy"):
        own = f"/webhooks/{ids[name]}"
        tabs = [own, f"{own}/edit", f"{own}/history", f"{own}/verify"]
        for path in (*tabs, f"/deliveries?webhook={ids[name]}"):
            page = admin.get(path).text
            assert state(page[page.index('class="health"') :]) == told[name], path
        page = admin.get(f"/deliveries/{deliveries[name]}").text
        assert state(page[page.index('aria-label="Details"') :]) == told[name]
    split = admin.get("/deliveries/recover?span=7d").text
    assert state(split[split.index('id="split"') :]) == told["Lost"]
