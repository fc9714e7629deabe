"""A user with a real password, and the ways into the console."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import PASSWORD
from webhooks_ui.accounts import passwords, second_factor
from webhooks_ui.accounts import setup_link as first_run
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import User

T = TypeVar("T")


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of `PASSWORD`, made once: that is slow by intent."""
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A code stays the code of its step, however long a busy machine takes until it is entered."""
    moment = now()
    monkeypatch.setattr(second_factor, "now", lambda: moment)


@pytest.fixture
def olena(app: Flask, password_hash: str) -> str:
    """The login of an administrator whose password is `PASSWORD`."""
    add(app, "olena", password_hash)
    return "olena"


def add(app: Flask, login: str, password_hash: str) -> None:
    """Puts a user straight into the database."""
    with app.app_context(), transaction():
        db.session.add(User(login=login, password_hash=password_hash))


def setup_link(app: Flask) -> str:
    """The one-time link as the server prints it, without the address."""
    return first_run.setup_url("", app.config["SECRET_KEY"])


def enter(
    browser: FlaskClient,
    login: str = "olena",
    password: str = PASSWORD,
    url: str = "/login",
    address: str = "127.0.0.1",
    **arguments: Any,
) -> TestResponse:
    """Sends a form with login and password."""
    data = {"login": login, "password": password}
    environ = {"REMOTE_ADDR": address}
    return browser.post(url, data=data, environ_base=environ, **arguments)


def at_once(count: int, act: Callable[[int], T]) -> list[T]:
    """What `act` returns in `count` threads that run together."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(act, range(count)))
