"""What makes a form happen once says nothing of when: a delivery's id is given when it is made."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_webhook
from tests.engine.conftest import deliveries, send
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import form_keys
from webhooks_ui.models.delivery_list import DeliveryFilter
from webhooks_ui.models.event import IdempotencyKey

BACK_DATED = "dlv_0000000000zzzzzzzzzzzzzzzz"
HOUR = timedelta(hours=1)


@pytest.fixture
def webhook(admin: FlaskClient) -> str:
    return make_webhook(admin, url="http://127.0.0.1:9/", events=["message_created"])


def made_of_last_hour(app: Flask) -> list[str]:
    with app.app_context():
        rows = DeliveryFilter(since=now() - HOUR).find(limit=100).ids
    return [one.public_id for one in deliveries(app) if one.id in rows]


@pytest.mark.parametrize("order", [BACK_DATED, "", "ї" * 22])
def test_a_back_dated_id_hides_nothing_from_a_span_of_time(
    app: Flask, admin: FlaskClient, webhook: str, order: str
) -> None:
    (event,) = send(app)
    path = f"/deliveries/{deliveries(app)[0].public_id}"
    admin.post(f"{path}/cancel")
    admin.post(f"{path}/resend", data={"order": order})
    admin.post(f"/events/{event.event_id}/deliver", data={"webhook": webhook, "order": order})
    test = {"event": "team_changed", "once": order}
    admin.post(f"/webhooks/{webhook}/test", data=test)
    admin.post(f"/webhooks/{webhook}/test", data=test | {"again": BACK_DATED})

    found = made_of_last_hour(app)
    assert found == [one.public_id for one in deliveries(app)]
    assert BACK_DATED not in found
    assert len(found) >= 4


def test_a_form_that_stood_open_for_a_week_makes_a_delivery_of_today(
    app: Flask, admin: FlaskClient, webhook: str
) -> None:
    send(app)
    path = f"/deliveries/{deliveries(app)[0].public_id}"
    admin.post(f"{path}/cancel")
    order = {"order": form_keys.new_key()}
    first = admin.post(f"{path}/resend", data=order).location
    with app.app_context(), transaction():
        db.session.query(IdempotencyKey).update({"created_at": now() - 168 * HOUR})

    assert admin.post(f"{path}/resend", data=order).location == first
    assert first.rpartition("/")[2] in made_of_last_hour(app)


def test_a_sender_cannot_use_a_forms_key(app: Flask, admin: FlaskClient, webhook: str) -> None:
    send(app)
    path = f"/deliveries/{deliveries(app)[0].public_id}"
    key = form_keys.new_key()
    admin.post(f"{path}/resend", data={"order": key})

    (accepted,) = send(app, sender_id=key)
    assert not accepted.duplicate
