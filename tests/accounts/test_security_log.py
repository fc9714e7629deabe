"""The log says who signed in, from where, and what was refused; never what was typed."""

import logging
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import PASSWORD, sign_in
from webhooks_ui.accounts import users
from webhooks_ui.database.engine import transaction
from webhooks_ui.models import Token
from webhooks_ui.monitoring import logs

Messages = Callable[[], list[str]]


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Messages:
    caplog.set_level(logging.INFO, "webhooks_ui")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "webhooks_ui.security"]


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    with app.app_context():
        users.add_user("olena", PASSWORD)
    return app.test_client()


def enter(browser: FlaskClient, login: str, password: str) -> None:
    browser.post("/login", data={"login": login, "password": password})


def test_sign_in_and_out(browser: FlaskClient, messages: Messages) -> None:
    enter(browser, "olena", PASSWORD)
    browser.post("/settings/account/sessions/end")
    browser.post("/logout")
    assert messages() == [
        "127.0.0.1 user:1: signed in",
        "127.0.0.1 user:1: 0 other sessions ended",
        "127.0.0.1 user:1: signed out",
    ]


def test_refusals_without_what_was_typed(browser: FlaskClient, messages: Messages) -> None:
    enter(browser, "olena", "hunter2hunter2")
    enter(browser, "hunter3hunter3", "hunter2hunter2")
    for _ in range(6):
        enter(browser, "olena", "hunter2hunter2")
    found = messages()
    assert "127.0.0.1 user:1: wrong password" in found
    assert "127.0.0.1 unknown user: wrong password" in found
    assert found[-1] == "127.0.0.1 user:1: sign-in locked out"
    assert "hunter" not in "".join(found)


def test_a_request_says_who_asks(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    browser = sign_in(app, "olena")
    with app.app_context(), transaction():
        token = Token.issue("platform", "events")
        found = Token.find(token)
        assert found
        token_id = found.public_id
    inner = app.wsgi_app
    try:
        logs.set_up("text")
        app.wsgi_app = logs.RequestLog(inner)  # type: ignore[method-assign]
        browser.get("/webhooks", buffered=True)
        app.test_client().get("/webhooks", buffered=True)
        known = {"Authorization": f"Bearer {token}"}
        app.test_client().get("/api/v1/webhooks", headers=known, buffered=True)
    finally:
        app.wsgi_app = inner  # type: ignore[method-assign]
        root.handlers[:] = before
        root.setLevel(level)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" INFO ")[1].rsplit(" ", 2)[0] for line in lines] == [
        "127.0.0.1 user:1 GET /webhooks 200",
        "127.0.0.1 - GET /webhooks 303",
        f"127.0.0.1 {token_id} GET /api/v1/webhooks 403",
    ]
    assert all(line.partition(" ")[0].endswith("+00:00") for line in lines)


def test_what_an_administrator_does_with_others(
    app: Flask, admin: FlaskClient, messages: Messages
) -> None:
    sign_in(app, "guest", role="viewer")
    admin.post("/settings/users/2/role", data={"role": "editor"})
    admin.post("/settings/users/2/remove")
    admin.post("/settings/tokens/new", data={"name": "crm", "scope": "admin", "expires": "30"})
    said = "\n".join(messages())
    assert "127.0.0.1 user:1: role of user:2 set to editor" in said
    assert "127.0.0.1 user:1: user:2 removed" in said
    assert "127.0.0.1 user:1: token made, scope admin" in said
