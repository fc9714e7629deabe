"""Who may call, and how errors are said to programs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from tests.api.conftest import Call, caller, issue
from tests.conftest import sign_in
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.intake.sqlite_store import SqliteStore
from webhooks_ui.models import Token
from webhooks_ui.models.token import MEMORY

EVENT = {"type": "message_created", "data": {}}
FOR_ADMIN = [
    ("GET", "/webhooks"),
    ("POST", "/webhooks"),
    ("GET", "/webhooks/wh_1"),
    ("PATCH", "/webhooks/wh_1"),
    ("DELETE", "/webhooks/wh_1"),
    ("POST", "/webhooks/wh_1/test"),
    ("POST", "/webhooks/wh_1/rotate-secret"),
    ("GET", "/channels"),
    ("POST", "/channels"),
    ("GET", "/channels/ch_1"),
    ("PATCH", "/channels/ch_1"),
    ("DELETE", "/channels/ch_1"),
    ("GET", "/deliveries"),
    ("GET", "/deliveries/dlv_1"),
    ("POST", "/deliveries/dlv_1/resend"),
    ("GET", "/events/evt_1"),
]


@pytest.mark.parametrize(("method", "path"), [*FOR_ADMIN, ("POST", "/events")])
def test_without_a_token_nothing_is_answered(app: Flask, method: str, path: str) -> None:
    for token in (None, "whui_wrong", "é"):
        answer = caller(app, token)(method, path)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), FOR_ADMIN)
def test_a_token_for_events_may_do_nothing_else(app: Flask, method: str, path: str) -> None:
    answer = caller(app, issue(app, "events"))(method, path)

    assert answer.status_code == 403
    assert 'scope="admin"' in answer.headers["WWW-Authenticate"]


def test_being_signed_in_to_the_console_is_no_token(app: Flask) -> None:
    assert sign_in(app, "olena").get("/api/v1/webhooks").status_code == 401


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

    earlier = now() - timedelta(minutes=2)
    with app.app_context(), transaction():
        db.session.execute(update(Token).values(last_used_at=earlier))
    MEMORY.forget()  # as after a second
    call("POST", "/events", EVENT)
    assert noted() != earlier


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
