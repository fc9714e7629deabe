"""Guessing passwords is slowed down."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.accounts.conftest import add, enter
from tests.conftest import PASSWORD
from webhooks_ui.accounts import passwords, throttle
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import SignInFailure

HERE, THERE = "192.0.2.1", "192.0.2.2"
WRONG = "not the password"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guesses are never right and cost nothing."""
    monkeypatch.setattr(passwords, "verify", lambda _kept, _password: False)


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that few guesses reach."""
    assert (throttle.PER_NETWORK, throttle.PER_ACCOUNT) == (25, 100)
    monkeypatch.setattr(throttle, "PER_NETWORK", 7)
    monkeypatch.setattr(throttle, "PER_ACCOUNT", 8)


def fail(browser: FlaskClient, times: int, login: str = "olena", address: str = HERE) -> list[int]:
    return [enter(browser, login, WRONG, address=address).status_code for _ in range(times)]


def failures(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count(SignInFailure.id))) or 0


def pass_time(app: Flask, by: timedelta) -> None:
    """Lets all failures have happened earlier."""
    with app.app_context(), transaction():
        for kept in db.session.scalars(select(SignInFailure)):
            kept.created_at -= by


@pytest.mark.usefixtures("olena")
def test_the_sixth_attempt_has_to_wait(client: FlaskClient) -> None:
    assert fail(client, 5) == [422] * 5

    answer = enter(client, password=WRONG, address=HERE)

    assert answer.status_code == 429
    assert 890 <= int(answer.headers["Retry-After"]) <= 900
    assert "Wait 15 minutes, then try again." in answer.text


@pytest.mark.usefixtures("olena")
def test_the_right_password_has_to_wait_too(app: Flask, client: FlaskClient) -> None:
    fail(client, 5)
    assert enter(client, address=HERE).status_code == 429
    pass_time(app, throttle.WINDOW)
    assert enter(client, address=HERE).status_code == 303


@pytest.mark.usefixtures("olena", "quick")
def test_the_waiting_time_runs_down(app: Flask, client: FlaskClient) -> None:
    fail(client, 5)
    pass_time(app, timedelta(minutes=14, seconds=10))
    answer = enter(client, address=HERE)
    assert "Wait 1 minute, then try again." in answer.text
    assert int(answer.headers["Retry-After"]) <= 50


@pytest.mark.usefixtures("olena", "quick")
def test_waiting_is_not_made_longer_by_trying(app: Flask, client: FlaskClient) -> None:
    fail(client, 5)
    assert fail(client, 3) == [429] * 3
    assert failures(app) == 5


@pytest.mark.usefixtures("olena")
def test_others_need_not_wait(app: Flask, client: FlaskClient, password_hash: str) -> None:
    add(app, "taras", password_hash)
    fail(client, 5)
    assert enter(app.test_client(), address=THERE).status_code == 303
    assert enter(app.test_client(), "taras", address=HERE).status_code == 303


@pytest.mark.usefixtures("olena")
def test_a_success_wipes_the_slate(app: Flask, client: FlaskClient) -> None:
    fail(client, 4)
    assert enter(client, address=HERE).status_code == 303
    assert failures(app) == 0


@pytest.mark.usefixtures("olena")
def test_a_success_helps_with_no_other_account(app: Flask, client: FlaskClient) -> None:
    fail(client, 5, login="taras")
    enter(client, address=HERE)
    assert fail(client, 1, login="taras") == [429]


@pytest.mark.usefixtures("olena", "quick", "low")
def test_many_accounts_tried_from_one_network(client: FlaskClient) -> None:
    for n in range(throttle.PER_NETWORK):
        assert fail(client, 1, login=f"user{n}", address=f"2001:db8:1:2::{n}") == [422]
    assert fail(client, 1, login="one.more", address="2001:db8:1:2:ffff::1") == [429]
    assert fail(client, 1, login="one.more", address="2001:db8:1:3::1") == [422]


@pytest.mark.usefixtures("olena", "quick", "low")
def test_one_account_tried_from_many_networks(client: FlaskClient) -> None:
    for n in range(throttle.PER_ACCOUNT):
        assert fail(client, 1, address=f"198.51.100.{n}") == [422]
    assert fail(client, 1, address="203.0.113.1") == [429]
    assert fail(client, 1, login="taras", address="203.0.113.1") == [422]


@pytest.mark.usefixtures("olena", "low")
def test_a_browser_that_has_signed_in_before_is_not_locked_out(
    app: Flask, client: FlaskClient
) -> None:
    known = app.test_client()
    right = {"login": "olena", "password": PASSWORD}
    assert known.post("/login", data=right).status_code == 303
    known.post("/logout")
    for n in range(throttle.PER_ACCOUNT):
        fail(client, 1, address=f"198.51.100.{n}")
    assert client.post("/login", data=right).status_code == 429
    assert known.post("/login", data=right).status_code == 303
    known.post("/logout")
    # What it gets wrong itself counts as before.
    assert fail(known, throttle.PER_ACCOUNT_AND_NETWORK + 1)[-1] == 429


@pytest.mark.usefixtures("olena", "quick")
def test_what_no_longer_counts_is_forgotten(app: Flask, client: FlaskClient) -> None:
    fail(client, 4)
    pass_time(app, throttle.WINDOW)
    fail(client, 1)
    assert failures(app) == 1


@pytest.mark.usefixtures("olena", "quick")
def test_failures_from_a_clock_that_was_ahead_lock_nobody_out(
    app: Flask, client: FlaskClient
) -> None:
    fail(client, 5)
    pass_time(app, -timedelta(days=10))
    assert fail(client, 1) == [422]
    assert failures(app) == 1


@pytest.mark.usefixtures("olena", "quick")
def test_what_was_typed_as_login_is_not_kept(app: Flask, client: FlaskClient) -> None:
    fail(client, 1, login="my secret password")
    with app.app_context():
        (kept,) = db.session.scalars(select(SignInFailure))
        assert kept.address == HERE
        assert "secret" not in kept.login


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("unix:", "unix:"),
        (None, ""),
    ],
)
def test_what_counts_as_one_network(address: str | None, place: str) -> None:
    assert throttle.network(address) == place
