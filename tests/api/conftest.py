"""What the API's tests start from: tokens of both scopes and programs that call with them."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.test import TestResponse

from tests.engine.conftest import receiver
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel, Token

Call = Callable[..., Any]  # answers are read as JSON of any shape


__all__ = ["receiver"]  # fixtures


def issue(app: Flask, scope: str) -> str:
    """A new token."""
    with app.app_context(), transaction():
        return Token.issue(f"Test {scope}", scope)


def caller(app: Flask, token: str | None) -> Call:
    """A program that calls the API with a token: method, path below /api/v1, and a body."""

    def call(
        method: str,
        path: str,
        body: Any = None,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        sent = dict(headers or {})
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        client = app.test_client(use_cookies=False)
        return client.open(f"/api/v1{path}", method=method, data=data, headers=sent)

    return call


@pytest.fixture
def by_the_app(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that the app itself was asked for, one for each request."""
    asked: list[str] = []
    original = Flask.full_dispatch_request

    def noting(self: Flask) -> Any:
        asked.append(request.path)
        return original(self)

    monkeypatch.setattr(Flask, "full_dispatch_request", noting)
    return asked


@pytest.fixture
def call(app: Flask) -> Call:
    """Calls with a token of scope admin."""
    return caller(app, issue(app, "admin"))


@pytest.fixture
def channel(app: Flask) -> str:
    """The key of a channel that exists."""
    with app.app_context(), transaction():
        db.session.add(Channel(key="telegram-sales", name="Telegram sales", kind="telegram"))
    return "telegram-sales"


def errors(answer: Any) -> dict[str, str]:
    """The details of a problem's errors by pointer."""
    assert answer.mimetype == "application/problem+json", answer.text
    return {error["pointer"]: error["detail"] for error in answer.json["errors"]}
