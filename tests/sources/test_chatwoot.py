"""Chatwoot's requests on both databases; browser/test_chatwoot.py sends them all over HTTP."""

import io
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.api.conftest import by_the_app
from tests.database.test_writers import held
from tests.engine.conftest import engine, subscribe
from tests.sources.chatwoot import (
    PATH,
    SECRET,
    body,
    changed,
    headers,
    make_source,
    store_noted,
)
from tests.support.apps import ON_SQLITE, MakeApp
from tests.support.waiting import wait_until
from webhooks_ui.database import engine as engine_module
from webhooks_ui.database import writers
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.writers import FEW, Writers
from webhooks_ui.models import Channel, Event, SourceRequest
from webhooks_ui.models.source_request import KEPT_BODY, KEPT_REQUESTS
from webhooks_ui.monitoring.logs import RequestLog, TextFormatter
from webhooks_ui.sources.chatwoot import Chatwoot

__all__ = ["by_the_app", "engine"]  # fixtures
UUID = "6c1d3a52-0000-4000-8000-000000000001"
MAX_BYTES = Chatwoot.max_bytes


def post(
    app: Flask,
    token: str,
    sent: bytes,
    delivery: str = UUID,
    secret: str | None = SECRET,
    **more: Any,
) -> Any:
    """A request as Chatwoot makes it."""
    client = app.test_client(use_cookies=False)
    given = headers(sent, delivery, secret) | more.pop("headers", {})
    return client.post(more.pop("path", f"{PATH}?token={token}"), data=sent, headers=given)


def kept(app: Flask) -> list[SourceRequest]:
    store_noted(app)
    with app.app_context():
        found = db.session.scalars(select(SourceRequest).order_by(SourceRequest.id)).all()
        db.session.expunge_all()
        return [*found]


def channels(app: Flask) -> dict[str, tuple[str, str]]:
    with app.app_context():
        found = db.session.scalars(select(Channel)).all()
        return {each.key: (each.name, each.kind) for each in found}


@ON_SQLITE
def test_the_answer_says_what_became_of_it(engine: Flask) -> None:
    token = make_source(engine)
    sent = body("conversation_updated_team_and_assignee")
    first, again = post(engine, token, sent), post(engine, token, sent)
    assert first.json["deliveries"] == 0
    assert [each["type"] for each in first.json["events"]] == ["assignee_changed", "team_changed"]
    assert first.json["duplicate"] is False
    assert again.json["duplicate"] is True
    assert [a["id"] for a in again.json["events"]] == [a["id"] for a in first.json["events"]]
    none = post(engine, token, body("contact_created"), "other")
    assert (none.status_code, none.json["deliveries"], none.json["events"]) == (202, 0, [])
    assert none.json["reason"] == "The catalogue has no such event."


def test_channels_are_made_on_sight_and_named_by_a_message(engine: Flask) -> None:
    token = make_source(engine)
    post(engine, token, changed(status=("open", "resolved")), "a")
    assert channels(engine) == {"4": ("Telegram 4", "telegram")}
    post(engine, token, body("message_created_incoming"), "b")
    assert channels(engine) == {"4": ("Telegram sales", "telegram")}
    post(engine, token, changed(status=("resolved", "open")), "c")
    assert channels(engine) == {"4": ("Telegram sales", "telegram")}
    with engine.app_context():
        newest = db.session.scalars(select(Event).order_by(Event.id.desc())).first()
        assert newest
        assert newest.channel == {"key": "4", "name": "Telegram sales", "kind": "telegram"}


def test_a_request_sent_again_after_its_channel_was_made_is_the_same(engine: Flask) -> None:
    token = make_source(engine)
    sent = changed(status=("open", "resolved"))
    post(engine, token, sent)
    again = post(engine, token, sent)
    assert (again.status_code, again.json["duplicate"]) == (202, True)
    with engine.app_context():
        assert len(db.session.scalars(select(Event)).all()) == 1


def test_a_job_that_runs_again_is_the_same_request(app: Flask) -> None:
    """It has the same UUID, another time stamp, and what the conversation has become by then."""
    token = make_source(app)
    first = post(app, token, changed(assignee_id=(None, 7)))
    sent = body("conversation_updated_assignee", updated_at=1_769_000_500.5, timestamp=1)
    again = post(app, token, sent, headers=headers(sent, UUID, at=1_769_000_500))
    assert (first.status_code, again.status_code) == (202, 202)
    assert [each["id"] for each in again.json["events"]] == [first.json["events"][0]["id"]]
    assert again.json["duplicate"] is True


def test_requests_without_an_id_are_told_apart_by_nothing(app: Flask) -> None:
    """Versions before 4.11.2 send neither id nor signature."""
    token, sent = make_source(app, None), body("message_created_incoming")
    for _ in range(2):
        answer = post(app, token, sent, delivery="", secret=None)
        assert answer.json["duplicate"] is False


def test_without_an_inbox_it_goes_to_webhooks_of_all_channels(app: Flask) -> None:
    token = make_source(app)
    post(app, token, body("message_created_incoming"), "first")
    subscribe(app, "http://127.0.0.1/1")
    subscribe(app, "http://127.0.0.1/2", channel="4")
    conversation = {"id": 217, "channel": None}
    sent = body("message_created_incoming", inbox=None, conversation=conversation)
    assert post(app, token, sent, "gone").json["deliveries"] == 1
    assert post(app, token, body("message_created_incoming"), "there").json["deliveries"] == 2


def test_no_rate_limit_loses_what_comes_once(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMIT=1)
    token = make_source(app)
    sent = [body("message_created_incoming", id=number) for number in range(5)]
    answers = [post(app, token, each, f"{at}") for at, each in enumerate(sent)]
    assert {each.status_code for each in answers} == {202}


def test_a_stuck_database_loses_less_of_what_comes_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, token = Writers(), make_source(app)
    monkeypatch.setattr(writers, "PATIENCE", 0.0)
    monkeypatch.setattr(writers, "LONGER", 0.0)
    monkeypatch.setattr(engine_module, "writers", gate)
    sent = body("message_created_incoming")
    with ThreadPoolExecutor(FEW + 2) as pool:
        with held(app):
            answers = [pool.submit(post, app, token, sent, f"{n}") for n in range(FEW + 2)]
            wait_until(lambda: len(gate._since) == FEW + 2, what="requests that wait to write")
        assert {each.result().status_code for each in answers} == {202}


def test_requests_are_counted_by_what_they_became(app: Flask) -> None:
    def counts() -> list[float]:
        told = app.test_client().get("/metrics").text
        return [
            float(re.findall(f'source_requests_total{{became="{each}"}} (.+)', told)[0])
            for each in ("events", "nothing", "refused")
        ]

    token, before = make_source(app), counts()
    post(app, token, body("message_created_incoming"))
    post(app, token, body("contact_created"))
    post(app, token, body("contact_created"), secret="other")
    assert [after - then for after, then in zip(counts(), before, strict=True)] == [1, 1, 1]


@ON_SQLITE
def test_two_sources_do_not_know_each_others_requests(engine: Flask) -> None:
    one, other = make_source(engine), make_source(engine, None, channel_prefix="b-")
    sent = body("message_created_incoming")
    assert post(engine, one, sent).json["duplicate"] is False
    assert post(engine, other, sent).json["duplicate"] is False
    assert set(channels(engine)) == {"4", "b-4"}


@ON_SQLITE
def test_a_wrong_or_missing_signature_is_refused_and_recorded(engine: Flask) -> None:
    token = make_source(engine)
    sent = body("message_created_incoming")
    wrong, missing = (post(engine, token, sent, secret=each) for each in ("other", None))
    assert wrong.status_code == missing.status_code == 401
    assert "secret" in wrong.json["detail"]
    assert [each.signature for each in kept(engine)] == ["wrong", "missing"]
    with engine.app_context():
        assert not db.session.scalars(select(Event)).all()


@ON_SQLITE
def test_without_a_secret_nothing_is_checked(engine: Flask) -> None:
    answer = post(engine, make_source(engine, None), body("message_created_incoming"), secret=None)
    assert answer.status_code == 202
    assert kept(engine)[0].signature == "unchecked"


@pytest.mark.parametrize("scheme", ["query", "bearer", "basic"])
def test_the_token_may_stand_wherever_the_sender_can_put_it(
    app: Flask, by_the_app: list[str], scheme: str
) -> None:
    from base64 import b64encode

    token = make_source(app)
    basic = b64encode(f"chatwoot:{token}".encode()).decode()
    given = {
        "bearer": {"Authorization": f"Bearer {token}"},
        "basic": {"Authorization": f"Basic {basic}"},
    }
    path = f"{PATH}?token={token}" if scheme == "query" else PATH
    sent = body("message_created_incoming")
    by_app = f"{path}{'&' if '?' in path else '?'}by=app"
    for address, asked in ((path, []), (by_app, [PATH])):
        answer = post(app, token, sent, path=address, headers=given.get(scheme, {}))
        assert (answer.status_code, by_the_app) == (202, asked)


@pytest.mark.parametrize("query", ["", "?token=", "?token=whus_other"])
def test_an_unknown_token_is_refused(app: Flask, query: str) -> None:
    make_source(app)
    answer = post(app, "", body("message_created_incoming"), path=PATH + query)
    assert answer.status_code == 401
    assert kept(app) == []


def test_nothing_is_redirected(app: Flask) -> None:
    """Chatwoot would follow, with the body and its signature, to wherever that leads."""
    token, sent = make_source(app), body("message_created_incoming")
    for path in (f"{PATH}/", PATH.upper(), f"{PATH}/more"):
        answer = post(app, token, sent, path=f"{path}?token={token}")
        assert (answer.status_code, answer.location) == (404, None)


def test_the_token_stands_in_no_log_answer_or_metric(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webhooks_ui.api import plain_sources

    token, written = make_source(app), io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(TextFormatter())
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        with monkeypatch.context() as patch:
            patch.setattr(app, "wsgi_app", RequestLog(app.wsgi_app))
            sent = body("message_created_incoming")
            answers = [post(app, token, sent), post(app, token, sent, secret="x")]
            answers.append(app.test_client().get(f"{PATH}?token={token}"))
            patch.setattr(plain_sources, "receive", lambda *_: 1 / 0)
            answers.append(post(app, token, sent))
        texts = [each.text for each in answers]
        for each in answers:
            each.close()  # they are logged once they have been sent
    finally:
        logging.getLogger().removeHandler(handler)
    assert [each.status_code for each in answers] == [202, 401, 405, 500]
    lines = written.getvalue()
    assert "ZeroDivisionError" in lines
    assert "src_" in lines  # who asked
    seen = [lines, app.test_client().get("/metrics").text]
    seen += [*texts, *(str(each.headers) for each in answers)]
    assert not any(token in text or "whus_" in text for text in seen)
    assert answers[0].headers["Referrer-Policy"] == "no-referrer"


def test_a_large_mail_is_taken(app: Flask) -> None:
    token = make_source(app)
    mail = {"html": "<p>Добрий день</p>" * 40_000, "text": ""}
    sent = body("message_created_incoming", content_attributes={"email": mail})
    mail["text"] = "x" * (MAX_BYTES - len(sent))
    sent = body("message_created_incoming", content_attributes={"email": mail})
    assert len(sent) == MAX_BYTES
    assert post(app, token, sent).status_code == 202
    with app.app_context():
        event = db.session.scalars(select(Event)).one()
        assert MAX_BYTES - 100 < len(event.data) < MAX_BYTES  # without the credential
    (request,) = kept(app)
    assert request.size == len(sent)
    assert len(request.body or b"") == KEPT_BODY
    too_large = post(app, token, b" " * (MAX_BYTES + 1))
    assert too_large.status_code == 413


def test_an_inboxs_passwords_are_not_kept(app: Flask) -> None:
    token = make_source(app)
    assert post(app, token, body("inbox_created")).json["deliveries"] == 0
    (request,) = kept(app)
    assert (request.name, request.body, request.reason) == (
        "inbox_created",
        None,
        "channel_settings",
    )


def test_only_the_last_requests_are_kept(app: Flask) -> None:
    token, other = make_source(app), make_source(app)
    post(app, other, body("contact_created"))
    for number in range(KEPT_REQUESTS + 5):
        post(app, token, body("contact_created"), f"uuid-{number}")
    found = [each.delivery_id for each in kept(app)]
    assert len(found) == KEPT_REQUESTS + 1
    assert found[1] == "uuid-5"


def test_a_deleted_source_takes_its_requests_along(engine: Flask) -> None:
    from webhooks_ui.models import Source

    token = make_source(engine)
    post(engine, token, body("contact_created"))
    with engine.app_context(), transaction():
        db.session.delete(db.session.scalars(select(Source)).one())
    assert kept(engine) == []
    assert post(engine, token, body("contact_created")).status_code == 401


def test_the_api_takes_dotted_names(app: Flask) -> None:
    from tests.api.conftest import caller, issue

    call = caller(app, issue(app, "events"))
    answer = call("POST", "/events", {"type": "message.created", "data": {}})
    assert answer.status_code == 202, answer.text
    batch = {"events": [{"type": "conversation.status.changed", "data": {}}]}
    assert call("POST", "/events/batch", batch).status_code == 202
    with app.app_context():
        types = db.session.scalars(select(Event.type).order_by(Event.id)).all()
        assert types == ["message_created", "conversation_status_changed"]
    webhook = {"url": "https://crm.example/hook", "events": ["message.created"]}
    made = caller(app, issue(app, "admin"))("POST", "/webhooks", webhook)
    assert made.json["events"] == ["message_created"]
