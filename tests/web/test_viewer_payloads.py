"""Payloads on every page, piece and file: with VIEWER_PAYLOADS=no viewers see what happened and not
what was said, and whoever sees it is in the audit log.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.api.conftest import caller, issue
from tests.audit.conftest import entries
from tests.conftest import piece, sign_in, webhook_form
from tests.engine.conftest import deliveries, ended, receiver, send, subscribe, working
from tests.support.apps import MakeApp
from tests.support.receiver import Answer, Receiver
from tests.webhooks.test_create import hidden
from webhooks_ui.audit import AuditEntry, recording
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Event, ReceivedRequest, Source, SourceRequest, Webhook
from webhooks_ui.models import Receiver as BuiltIn

__all__ = ["receiver"]  # fixtures
SENT, ANSWERED, RECEIVED = "sent-7c41f0", "answered-9b3e22", "received-51aa07"
SOURCED = "sourced-2d81c5"
PAYLOADS = {SENT, ANSWERED, RECEIVED, SOURCED}


@pytest.fixture
def app(make_app: MakeApp, receiver: Receiver) -> Flask:
    """With a delivery, its event and requests to a test receiver and a source, whose payloads are
    known.
    """
    app = make_app(VIEWER_PAYLOADS=False)
    receiver.answer(Answer(200, (), f'{{"ok": "{ANSWERED}"}}'.encode()))
    subscribe(app, receiver.url)
    with working(app):
        send(app, data=f'{{"content": "{SENT}"}}'.encode())
        ended(app)
    owner = sign_in(app, "owner")
    path = owner.post("/receiver").location
    assert app.test_client().post(path, data=RECEIVED).status_code == 200
    with app.app_context(), transaction():
        source = Source(name="Acme", kind="chatwoot")
        source.issue_token()
        db.session.add(source)
        db.session.flush()
        facts: dict[str, Any] = {"name": "ping", "signature": "valid", "became": [], "size": 15}
        request = SourceRequest(source_id=source.id, body=SOURCED.encode(), **facts)
        db.session.add(request)
    return app


def paths(app: Flask, method: str = "GET") -> Iterator[str]:
    """Every page and file of the console, of the things that there are; what deletes comes last."""
    (delivery,) = deliveries(app)
    with app.app_context():
        event, built_in = db.session.query(Event).one(), db.session.query(BuiltIn).one()
        webhook, source = db.session.query(Webhook).one(), db.session.query(Source).one()
        ids = {
            "deliveries": delivery.public_id,
            "events": event.public_id,
            "receiver": built_in.token,
            "sources": source.public_id,
            "webhooks": webhook.public_id,
        }
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: "delete" in rule.endpoint):
        room = rule.endpoint.partition(".")[0]
        if room == "api" or room == "static" or method not in (rule.methods or set()):
            continue
        path = re.sub(r"<any\((\w+).*?>", r"\1", rule.rule)
        yield re.sub(r"<.*?>", ids.get(rule.rule.split("/")[1], "1"), path)


AS_PIECES = {"HX-Request": "true"}
GIVEN_OUT = ("payload.read", "event.downloaded")
ENDS_SESSIONS = ("/logout", "/settings/account", "/settings/users", "/login", "/setup")


def found(app: Flask, role: str, *asked: dict[str, str]) -> set[str]:
    """The payloads that this role gets to see anywhere, asking with these headers each."""
    browser = sign_in(app, role, role)
    text = ""
    for path in paths(app):
        for headers in asked:
            text += browser.get(path, headers=headers).text
    assert len(text) > 10_000
    return {payload for payload in PAYLOADS if payload in text}


def test_a_viewer_sees_no_payload_anywhere(app: Flask) -> None:
    assert found(app, "viewer", {}, AS_PIECES) == set()
    assert entries(app, action="payload.read") == []


def test_an_editor_sees_them(app: Flask) -> None:
    assert found(app, "editor", {}) == PAYLOADS


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
    assert found(app, "viewer", {}) == PAYLOADS


class Watched:
    """An app that is asked as one who has read nothing within the last hour."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        self._app, self._browser, self._seen = app, sign_in(app, "reader"), 0
        monkeypatch.setattr(recording, "READING", timedelta(0))

    def ask(self, method: str, path: str, **arguments: Any) -> tuple[str, set[str]]:
        """The answer, and the objects of which the log says that their payload was given out."""
        text = self._browser.open(path, method=method, **arguments).text
        query = select(AuditEntry.id, AuditEntry.action, AuditEntry.object_id)
        with self._app.app_context():
            new = db.session.execute(query.where(AuditEntry.id > self._seen)).all()
        self._seen = max([self._seen, *(entry.id for entry in new)])
        return text, {str(one.object_id) for one in new if one.action in GIVEN_OUT}


def test_whoever_sees_a_payload_is_in_the_log(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked in every way at once: as page and piece, with a delivery of events named as a test."""
    watched, seen = Watched(app, monkeypatch), set()
    (known,) = deliveries(app)
    named = {"test": known.public_id, "again": known.public_id, "event": "message_created"}
    named |= {"payload_format": "template", "template_body": "{{ data.content }}", "real": "y"}
    own = f"/deliveries/{known.public_id}"
    gets = [*paths(app), *(f"{own}?from={one}" for one in ("page", "webhook", "elsewhere"))]
    posts = [path for path in paths(app, "POST") if not path.startswith(ENDS_SESSIONS)]
    for method, path in [*(("GET", path) for path in gets), *(("POST", path) for path in posts)]:
        data = named if method == "POST" else None
        for headers in ({}, AS_PIECES):
            text, told = watched.ask(
                method,
                path,
                query_string=None if "?" in path else named,
                data=data,
                headers=headers,
            )
            if any(payload in text for payload in PAYLOADS):
                assert told, (method, path, headers)
                seen.add(path.split("/")[1])
    assert seen == {"deliveries", "events", "receiver", "sources", "webhooks"}
    assert 'action="/logout"' in watched.ask("GET", "/events")[0]  # signed in all the way


def test_a_result_of_a_test_is_of_its_own_webhook_or_form(
    app: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other delivery is shown in its place, and that it is shown is in the log."""
    watched = Watched(app, monkeypatch)
    (real,) = deliveries(app)
    with app.app_context():
        own = db.session.query(Webhook).one().public_id
    other = subscribe(app, "http://127.0.0.1:1/", events=("team_changed",))
    typed = {"event": "message_created", "data": f'{{"content": "{RECEIVED}"}}'}
    text, told = watched.ask("POST", f"/webhooks/{own}/test", data=typed, headers=AS_PIECES)
    test = deliveries(app)[-1].public_id
    assert ANSWERED in text
    assert told == {test}
    form = webhook_form(url=receiver.url) | typed
    text, told = watched.ask("POST", "/webhooks/test", data=form)
    of_form = deliveries(app)[-1].public_id
    assert ANSWERED in text
    assert told == {of_form}
    form = {**form, "draft": hidden(text, "draft"), "once": hidden(text, "once")}

    for shown, method, path, data in (
        (test, "GET", f"/webhooks/{own}?test={test}", None),
        (test, "GET", f"/deliveries/{test}?from=webhook", None),
        (of_form, "GET", f"/deliveries/{of_form}", None),
        (test, "POST", f"/webhooks/{own}/test", typed | {"again": test}),
        (of_form, "POST", "/webhooks/test", form | {"again": of_form}),
        (None, "GET", f"/webhooks/{own}?test={real.public_id}", None),
        (None, "GET", f"/webhooks/{other}?test={test}", None),
        (None, "GET", f"/deliveries/{real.public_id}?from=webhook", None),
        (None, "GET", f"/deliveries/{real.public_id}", None),
    ):
        is_page = "test=" in path
        headers = {} if is_page else AS_PIECES
        text, told = watched.ask(method, path, data=data, headers=headers)
        assert (ANSWERED in text, told) == (bool(shown), {shown} - {None}), path

    # What is asked for is no test of theirs: they send one of their own.
    receiver.answer(Answer(204))
    for path, data, asked in (
        (f"/webhooks/{own}/test", typed, of_form),
        (f"/webhooks/{own}/test", typed, real.public_id),
        ("/webhooks/test", form, test),
        ("/webhooks/test", form, real.public_id),
        ("/webhooks/test", webhook_form(url=receiver.url) | typed, of_form),
    ):
        text, told = watched.ask("POST", path, data=data | {"again": asked}, headers=AS_PIECES)
        newest = deliveries(app)[-1].public_id
        assert (ANSWERED in text, told) == (False, {newest}), asked
        assert newest not in {real.public_id, test, of_form}


def test_a_key_of_another_form_shows_no_delivery_of_it(app: Flask, receiver: Receiver) -> None:
    (real,) = deliveries(app)
    admin, key = sign_in(app, "olena"), "k" * 22
    with working(app):
        admin.post(f"/deliveries/{real.public_id}/resend", data={"order": key})
        ended(app, 2)
    with app.app_context():
        own = db.session.query(Webhook).one().public_id
    receiver.answer(Answer(204))
    ask = {"event": "message_created", "once": key}
    assert ANSWERED not in piece(admin, "POST", f"/webhooks/{own}/test", data=ask).text
    assert [one.test for one in deliveries(app)] == [False, False, True]


def test_the_api_records_a_test_that_it_answers_with(app: Flask) -> None:
    with app.app_context():
        own = db.session.query(Webhook).one().public_id
    call = caller(app, issue(app, "admin"))
    made = call("POST", f"/webhooks/{own}/test", {"type": "message_created"})
    assert ANSWERED in made.text
    assert [one.object_id for one in entries(app, action="payload.read")] == [made.json["id"]]
