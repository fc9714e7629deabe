"""Webhooks by their latest result: the first pages come from the newest attempts."""

from collections.abc import Sequence

import pytest
from flask import Flask
from sqlalchemy import insert

from tests.log.rows import attempt
from tests.support.apps import ON_BOTH_DATABASES
from tests.support.statements import asked_of
from tests.webhooks.test_list import fill
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Attempt, Delivery, Webhook, webhook_latest, webhook_list
from webhooks_ui.models.webhook_list import WebhookQuery

LATEST_FIRST = ["n011", "n007", "n010", "n008", "n006", "n005", "n004", "n003", "n002", "n001"]
NEVER = ["n000", "n009"]


@pytest.fixture
def tried(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Twelve webhooks: two have no result, one has three attempts, two a second delivery.

    The newest delivery of all has not been tried.
    """
    monkeypatch.setattr(webhook_latest, "FEW", 1)
    monkeypatch.setattr(webhook_list, "PAGE_SIZE", 2)
    fill(app, 12)
    with app.app_context(), transaction():
        hooks = {one.name: one for one in db.session.query(Webhook).order_by(Webhook.name)}
        for name, one in hooks.items():
            if name in NEVER:
                one.last_delivery_id = None
            else:
                _deliver(one, 3 if name == "n010" else 1)
        for name in ("n007", "n011"):
            _deliver(hooks[name], 1)
        _deliver(hooks["n007"], 0)
    return app


def _deliver(webhook: Webhook, attempts: int) -> None:
    values = {"event_id": 1, "webhook_id": webhook.id, "type": "message_created"}
    delivery = Delivery(**values, status="succeeded" if attempts else "pending")
    db.session.add(delivery)
    db.session.flush()
    for number in range(attempts):
        webhook.last_delivery_id = delivery.id
        row = attempt(delivery.id, now(), None) | {"number": number + 1}
        db.session.execute(insert(Attempt), row)


def found(sort: str, page: int) -> Sequence[str]:
    return [one.name for one in WebhookQuery(sort=sort, page=page).find().items]


@ON_BOTH_DATABASES
@pytest.mark.parametrize("each", [1, 20], ids=["of few attempts", "of all"])
def test_every_page_in_the_order_of_results(
    tried: Flask, monkeypatch: pytest.MonkeyPatch, each: int
) -> None:
    monkeypatch.setattr(webhook_latest, "_EACH", each)
    monkeypatch.setattr(webhook_latest, "_MIN_ATTEMPTS", each)
    everything = [*LATEST_FIRST, *NEVER]
    with tried.app_context():
        pages = [found("-last", number) for number in range(1, 7)]
        assert [name for page in pages for name in page] == everything
        named = {one.name: one for one in db.session.query(Webhook)}
        names: dict[str | None, str] = {one.public_id: one.name for one in named.values()}
        for sort in ("-last", "last"):
            listed = [name for number in range(1, 7) for name in found(sort, number)]
            for place, name in enumerate(listed):
                before, after = WebhookQuery(sort=sort).neighbours(named[name].id)
                beside = [names[one] for one in (before, after) if one]
                assert beside == listed[max(place - 1, 0) : place] + listed[place + 1 : place + 2]


@ON_BOTH_DATABASES
def test_the_first_page_and_its_webhooks_neighbours_do_not_read_all(tried: Flask) -> None:
    with tried.app_context(), asked_of(tried) as asked:
        assert found("-last", 1) == LATEST_FIRST[:2]
        own = db.session.query(Webhook.id).filter_by(name="n007").scalar()
        WebhookQuery(sort="-last").neighbours(own or 0)
    ordered = [statement for statement in asked if "last_delivery_id" in statement]
    sorting = [one for one in ordered if "ORDER BY" in one]
    assert len(sorting) == 2
    assert all("attempts" in one for one in sorting), sorting
