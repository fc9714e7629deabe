"""Who may call, and how errors are said to programs."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from tests.api.conftest import Call, caller, issue
from tests.conftest import sign_in
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.intake.sqlite_store import SqliteStore
from webhooks_ui.models import Token, source_changes
from webhooks_ui.models.token import MEMORY, SCOPES

EVENT = {"type": "message_created", "data": {}}
EVERYBODY, SOURCE = frozenset({"everybody"}), frozenset({"source"})
SENDERS, ADMIN = frozenset({"events", "admin"}), frozenset({"admin"})
MAY = {
    "channels_change": ADMIN,
    "channels_delete": ADMIN,
    "channels_index": ADMIN,
    "channels_make": ADMIN,
    "channels_show": ADMIN,
    "deliveries_index": ADMIN,
    "deliveries_resend": ADMIN,
    "deliveries_show": ADMIN,
    "deliveries_test": ADMIN,
    "docs": EVERYBODY,
    "events_show": ADMIN,
    "events_take": SENDERS,
    "events_take_batch": SENDERS,
    "openapi": EVERYBODY,
    "sources_chatwoot": SOURCE,
    "webhooks_change": ADMIN,
    "webhooks_delete": ADMIN,
    "webhooks_index": ADMIN,
    "webhooks_make": ADMIN,
    "webhooks_restore": ADMIN,
    "webhooks_rotate_secret": ADMIN,
    "webhooks_show": ADMIN,
}
"""Which tokens each operation of the API lets in, by their scopes."""
WITHOUT_SCOPE = ("none", "empty", "wrong", "not ASCII", "revoked", "expired", "signed in")


def test_the_table_has_every_operation_and_every_scope(app: Flask) -> None:
    rules = [rule.endpoint for rule in app.url_map.iter_rules()]
    assert sorted(each[4:] for each in rules if each.startswith("api.")) == sorted(MAY)
    assert frozenset().union(*MAY.values()) - EVERYBODY - SOURCE == set(SCOPES)


@pytest.mark.parametrize("who", [*WITHOUT_SCOPE, "source", *SCOPES])
def test_every_operation_lets_in_whom_it_may(app: Flask, who: str) -> None:
    ask = asking(app, who)
    for method, path, endpoint in operations(app):
        answer, may = ask(method, path), MAY[endpoint]
        said = f"{method} {path} with {who}: {answer.status_code}"
        if may == EVERYBODY or who in may:
            assert answer.status_code not in (401, 403, 405), said
            assert answer.status_code < 500, said
            continue
        assert answer.status_code == (403 if who in SCOPES and may != SOURCE else 401), said
        assert answer.headers["WWW-Authenticate"].startswith("Bearer "), said
        assert answer.mimetype == "application/problem+json", said
        if answer.status_code == 403:
            (scope,) = may
            assert f'scope="{scope}"' in answer.headers["WWW-Authenticate"], said


def operations(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Method, path and name of every operation; nothing has the ids in the paths."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            for method in (rule.methods or set()) - {"OPTIONS"}:
                yield method, re.sub("<.*?>", "none_1", rule.rule), rule.endpoint[4:]


def asking(app: Flask, who: str) -> Callable[[str, str], TestResponse]:
    """Asks with the token of `who`, or as an administrator whose browser is signed in."""
    browser = app.test_client(use_cookies=False)
    tokens = {"empty": " ", "wrong": f"whui_{'x' * 43}", "not ASCII": "é"}
    if who == "signed in":
        browser = sign_in(app, "olena")
    elif who in ("revoked", "expired", *SCOPES):
        tokens[who] = issue(app, who if who in SCOPES else "admin")
    with app.app_context():
        if who == "source":
            settings = source_changes.SourceSettings("Acme")
            _id, tokens[who] = source_changes.make("chatwoot", settings, current_vault())
        with transaction():
            if who == "expired":
                db.session.execute(update(Token).values(expires_at=now()))
            if who == "revoked":
                Token.revoke(db.session.scalars(select(Token.public_id)).one())
    headers = {"Authorization": f"Bearer {tokens[who]}"} if who in tokens else {}
    return lambda method, path: browser.open(path, method=method, headers=headers)


def test_no_cookie_is_set_and_nothing_is_cached(call: Call) -> None:
    answer = call("GET", "/webhooks")

    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_csrf_protection_lets_tokens_through(make_app: Callable[..., Flask]) -> None:
    app = make_app(WTF_CSRF_ENABLED=True)

    assert caller(app, issue(app, "events"))("POST", "/events", EVENT).status_code == 202


@ON_BOTH_DATABASES
def test_use_is_noted_once_a_minute(app: Flask) -> None:
    call = caller(app, issue(app, "events"))

    def noted() -> object:
        with app.app_context():
            return db.session.scalar(select(Token.last_used_at))

    assert noted() is None
    call("POST", "/events", EVENT)
    first = noted()
    call("POST", "/events", EVENT)
    assert noted() == first is not None

    for other in (now() - timedelta(minutes=2), now() + timedelta(days=10)):  # the clock was ahead
        with app.app_context(), transaction():
            db.session.execute(update(Token).values(last_used_at=other))
        MEMORY.forget()  # as after a second
        call("POST", "/events", EVENT)
        assert noted() != other


@pytest.mark.parametrize(
    "path", ["/nothing", "/webhooks/wh_unknown", "/events/evt_", "/events/EVT"]
)
def test_what_does_not_exist_is_a_problem(call: Call, path: str) -> None:
    answer = call("GET", path)

    assert answer.status_code == 404
    assert answer.json == {
        "title": "Not Found",
        "status": 404,
        "detail": answer.json["detail"],
    }


def test_a_wrong_method_is_told_the_right_ones(call: Call) -> None:
    answer = call("PUT", "/webhooks")

    assert answer.status_code == 405
    assert answer.mimetype == "application/problem+json"
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_the_caller_chooses_the_language(app: Flask) -> None:
    call = caller(app, None)

    english = call("GET", "/webhooks")
    ukrainian = call("GET", "/webhooks", headers={"Accept-Language": "uk"})

    assert english.json["title"] == ukrainian.json["title"] == "Unauthorized"
    assert "токен" in ukrainian.json["detail"].lower()


def test_a_locked_database_is_said_with_a_time_to_wait(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def locked(*_arguments: object) -> Iterator[None]:
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))
        yield

    monkeypatch.setattr(SqliteStore, "opened", locked)
    answer = call("POST", "/events", EVENT)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.mimetype == "application/problem+json"


def test_a_mistake_of_ours_tells_nothing_of_our_insides(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_text: str) -> None:
        raise RuntimeError("the secret inside")

    app = make_app(TESTING=False)
    call = caller(app, issue(app, "admin"))
    monkeypatch.setattr(Token, "find", fail)
    answer = call("GET", "/webhooks")

    assert answer.status_code == 500
    assert answer.mimetype == "application/problem+json"
    assert "secret" not in answer.text
