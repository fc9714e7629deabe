"""What works with a seventh event type; run by test_seventh_event.py in its own process."""

import html
import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import Call, caller, issue
from tests.conftest import make_webhook, stored
from tests.engine.conftest import ended, receiver, send, subscribe, working
from tests.support.receiver import Receiver
from tests.support.seventh_event import SEVENTH
from webhooks_ui.api.description import describe

__all__ = ["receiver"]  # a fixture

TYPE = SEVENTH.identifier
LABEL = str(SEVENTH.label)


@pytest.fixture
def call(app: Flask) -> Call:
    return caller(app, issue(app, "admin"))


def test_the_sample_has_the_name_and_the_change() -> None:
    assert SEVENTH.sample["event"] == TYPE
    assert (SEVENTH.changed_key, SEVENTH.sample["priority"]) == ("priority", "urgent")


def test_the_form_offers_and_keeps_it(app: Flask, admin: FlaskClient) -> None:
    assert f'value="{TYPE}"' in admin.get("/webhooks/new").text
    public_id = make_webhook(admin, events=["message_created", TYPE])
    assert stored(app, public_id).event_types == ["message_created", TYPE]
    assert LABEL in admin.get(f"/webhooks/{public_id}").text


def test_the_catalogue_shows_it_with_its_sample(admin: FlaskClient) -> None:
    page = html.unescape(admin.get("/catalogue").text)
    assert f'id="{TYPE}"' in page
    assert SEVENTH.sample_text in page
    assert str(SEVENTH.meaning) in page


def test_the_api_takes_it_and_its_webhook_gets_it(
    app: Flask, call: Call, receiver: Receiver
) -> None:
    subscribe(app, receiver.url, events=(TYPE,))
    subscribe(app, receiver.url)  # which did not ask for it
    with working(app):
        taken = call("POST", "/events", {"type": TYPE, "data": SEVENTH.sample})
        (request,) = receiver.wait(1)
        ended(app)
    assert (taken.status_code, taken.json["deliveries"]) == (202, 1)
    assert request.json()["type"] == TYPE
    assert request.json()["data"] == SEVENTH.sample


def test_the_api_describes_it() -> None:
    schemas = describe()["components"]["schemas"]
    assert TYPE in json.dumps(schemas["EventBody"])
    assert TYPE in json.dumps(schemas["NewWebhook"])


def test_a_test_of_it_has_its_sample(call: Call, receiver: Receiver) -> None:
    made = call("POST", "/webhooks", {"url": receiver.url, "events": [TYPE]})
    answer = call("POST", f"/webhooks/{made.json['id']}/test", {"type": TYPE})
    assert answer.json["status"] == "succeeded"
    assert receiver.requests()[0].json()["data"] == SEVENTH.sample


def test_lists_are_narrowed_by_it(app: Flask, admin: FlaskClient, call: Call) -> None:
    subscribe(app, "http://127.0.0.1/1", name="Urgent", events=(TYPE,))
    subscribe(app, "http://127.0.0.1/2", name="Other")
    for kind in (TYPE, "message_created"):
        send(app, type=kind)

    listed = admin.get(f"/webhooks?event={TYPE}").text
    assert "Urgent" in listed
    assert "Other" not in listed.partition("<tbody")[2]
    for page in ("/deliveries", "/events"):
        text = admin.get(f"{page}?event={TYPE}").text
        assert f'<option value="{TYPE}" selected>{LABEL}</option>' in text
        assert "Message created" not in text.partition("<tbody")[2]
    found = call("GET", f"/deliveries?type={TYPE}").json["deliveries"]
    assert [delivery["type"] for delivery in found] == [TYPE]
