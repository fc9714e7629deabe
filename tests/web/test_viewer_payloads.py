"""VIEWER_PAYLOADS=no: viewers see what happened and not what was said, on every page and file."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from tests.audit.conftest import entries
from tests.conftest import sign_in
from tests.engine.conftest import deliveries, ended, receiver, send, subscribe, working
from tests.support.apps import MakeApp
from tests.support.receiver import Answer, Receiver
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Event, ReceivedRequest
from webhooks_ui.models import Receiver as BuiltIn

__all__ = ["receiver"]  # fixtures
SENT, ANSWERED, RECEIVED = "sent-7c41f0", "answered-9b3e22", "received-51aa07"


@pytest.fixture
def app(make_app: MakeApp, receiver: Receiver) -> Flask:
    """With a delivery, its event and a request at a test receiver, whose payloads are known."""
    app = make_app(VIEWER_PAYLOADS=False)
    receiver.answer(Answer(200, (), f'{{"ok": "{ANSWERED}"}}'.encode()))
    subscribe(app, receiver.url)
    with working(app):
        send(app, data=f'{{"content": "{SENT}"}}'.encode())
        ended(app)
    owner = sign_in(app, "owner")
    path = owner.post("/receiver").location
    assert app.test_client().post(path, data=RECEIVED).status_code == 200
    return app


def paths(app: Flask) -> Iterator[str]:
    """Every page and file of the console, of the things that there are."""
    (delivery,) = deliveries(app)
    with app.app_context():
        event, built_in = db.session.query(Event).one(), db.session.query(BuiltIn).one()
        ids = {
            "deliveries": delivery.public_id,
            "events": event.public_id,
            "receiver": built_in.token,
            "webhooks": str(delivery.webhook_id),
        }
    for rule in app.url_map.iter_rules():
        room = rule.endpoint.partition(".")[0]
        if room == "api" or room == "static" or "GET" not in (rule.methods or set()):
            continue
        path = re.sub(r"<any\((\w+).*?>", r"\1", rule.rule)
        yield re.sub(r"<.*?>", ids.get(rule.rule.split("/")[1], "1"), path)


AS_PIECES = {"HX-Request": "true"}


def found(app: Flask, role: str, *asked: dict[str, str]) -> set[str]:
    """The payloads that this role gets to see anywhere, asking with these headers each."""
    browser = sign_in(app, role, role)
    text = ""
    for path in paths(app):
        for headers in asked:
            text += browser.get(path, headers=headers).text
    assert len(text) > 10_000
    return {payload for payload in (SENT, ANSWERED, RECEIVED) if payload in text}


def test_a_viewer_sees_no_payload_anywhere(app: Flask) -> None:
    assert found(app, "viewer", {}, AS_PIECES) == set()
    assert entries(app, action="payload.read") == []


def test_an_editor_sees_them(app: Flask) -> None:
    assert found(app, "editor", {}) == {SENT, ANSWERED, RECEIVED}


def test_a_page_says_why_it_shows_none(app: Flask) -> None:
    (delivery,) = deliveries(app)
    viewer = sign_in(app, "viewer", "viewer")
    page = viewer.get(f"/deliveries/{delivery.public_id}").text
    assert "Your role does not show payloads." in page
    assert "curl" not in page
    assert "200" in page
    with app.app_context(), transaction():
        event = db.session.query(Event).one().public_id
        assert db.session.query(ReceivedRequest).count() == 1
    assert viewer.get(f"/events/{event}/data").status_code == 403


def test_viewers_see_them_unless_the_setting_says_so(app: Flask) -> None:
    app.config["VIEWER_PAYLOADS"] = True
    assert found(app, "viewer", {}) == {SENT, ANSWERED, RECEIVED}
