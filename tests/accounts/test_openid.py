"""Sign-in by OpenID Connect, at a real provider on this machine."""

import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import trustme
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.accounts.test_second_factor import code_of
from tests.audit.conftest import actions, entries
from tests.conftest import PASSWORD, sign_in
from tests.support.apps import ON_BOTH_DATABASES, MakeApp
from tests.support.openid import ITS_WARNINGS, choose, settings_of
from tests.support.waiting import free_port
from webhooks_ui.accounts import openid, second_factor, users
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import User

pytestmark = ITS_WARNINGS


@pytest.fixture
def settings(provider: str) -> dict[str, str]:
    return settings_of(provider)


@pytest.fixture
def app(make_app: MakeApp, settings: dict[str, Any]) -> Flask:
    app = make_app(**settings)
    with app.app_context():
        assert users.add_user("olena@acme.example", PASSWORD, "editor") == {}
    return app


def path_back(browser: FlaskClient, subject: str, wanted: str = "") -> str:
    """The address to which the provider sends somebody who has signed in there."""
    answer = browser.get("/login/openid", query_string={"next": wanted})
    assert answer.status_code == 302, answer.text
    back = urlsplit(choose(answer.location, sub=subject))
    return f"{back.path}?{back.query}"


def enter(browser: FlaskClient, subject: str, wanted: str = "") -> str:
    """Signs in by the provider; where that leads."""
    answer = browser.get(path_back(browser, subject, wanted))
    assert answer.status_code == 303
    return str(answer.location)


def user(app: Flask, login: str) -> User | None:
    with app.app_context():
        return db.session.scalar(select(User).where(User.login == login))


@ON_BOTH_DATABASES
def test_a_person_who_is_known_is_signed_in(app: Flask) -> None:
    browser = app.test_client()
    assert "Sign in with localhost" in browser.get("/login").text

    assert enter(browser, "1", "/deliveries?status=failed") == "/deliveries?status=failed"
    assert browser.get("/webhooks").status_code == 200
    assert {"user.openid_linked", "user.signed_in"} <= set(actions(app))

    again = app.test_client()
    with app.app_context(), transaction():  # known by the subject from now on, whatever the login
        db.session.execute(db.update(User).values(login="olena"))
    assert enter(again, "1") == "/webhooks"


def test_who_is_unknown_is_not_let_in(app: Flask) -> None:
    browser = app.test_client()
    assert enter(browser, "3") == "/login"
    assert "No user here has the login taras@acme.example." in browser.get("/login").text
    (refused,) = entries(app, action="user.openid_refused")
    assert (refused.topic, refused.object_name) == ("refusal", "taras@acme.example")
    assert browser.get("/webhooks").status_code == 303
    assert user(app, "taras@acme.example") is None


def test_an_address_that_is_not_verified_is_nobodys(app: Flask) -> None:
    browser = app.test_client()
    assert enter(browser, "2") == "/login"
    assert "sent no login for you" in browser.get("/login").text
    found = user(app, "olena@acme.example")
    assert found is not None
    assert found.oidc_subject is None


def test_a_login_belongs_to_the_first_account_alone(make_app: MakeApp, settings: Any) -> None:
    app = make_app(OIDC_ROLE="viewer", **settings)
    with app.app_context():
        assert users.add_user("olena", PASSWORD) == {}
    assert enter(app.test_client(), "3") == "/webhooks"
    found = user(app, "taras@acme.example")
    assert found is not None
    assert found.role == "viewer"
    with app.app_context(), transaction():
        db.session.execute(
            db.update(User).where(User.id == found.id).values(oidc_subject="another account")
        )
    browser = app.test_client()
    assert enter(browser, "3") == "/login"
    assert "is linked to another account" in browser.get("/login").text
    # Made without a password: none fits.
    form = {"login": "taras@acme.example", "password": "-"}
    assert app.test_client().post("/login", data=form).status_code == 422


@pytest.mark.usefixtures("standing_clock")
def test_the_second_factor_is_asked_for_here_too(app: Flask) -> None:
    secret = second_factor.new_secret()
    found = user(app, "olena@acme.example")
    assert found is not None
    with app.app_context():
        assert second_factor.enable(found.id, secret, code_of(secret, after=-1))
    browser = app.test_client()
    assert enter(browser, "1", "/events") == "/login/code?next=/events"
    assert browser.get("/webhooks").status_code == 303
    entered = browser.post("/login/code?next=/events", data={"code": code_of(secret)})
    assert entered.location == "/events"
    assert browser.get("/webhooks").status_code == 200


@pytest.mark.parametrize("spoilt", ["state", "code", "browser"])
def test_an_answer_that_was_not_asked_for_lets_nobody_in(app: Flask, spoilt: str) -> None:
    browser = app.test_client()
    path = path_back(browser, "1")
    if spoilt == "browser":
        browser = app.test_client()
    else:
        path = path.replace(f"{spoilt}=", f"{spoilt}=x")
    assert browser.get(path).location == "/login"
    assert "did not confirm" in browser.get("/login").text
    assert browser.get("/webhooks").status_code == 303


def test_an_answer_counts_once(app: Flask) -> None:
    browser = app.test_client()
    path = path_back(browser, "1")
    assert browser.get(path).location == "/webhooks"
    browser.post("/logout")
    assert browser.get(path).location == "/login"
    assert browser.get("/webhooks").status_code == 303


def test_a_provider_that_is_away_stops_no_password(make_app: MakeApp, settings: Any) -> None:
    app = make_app(**settings | {"OIDC_ISSUER": f"http://127.0.0.1:{free_port()}"})
    with app.app_context():
        assert users.add_user("olena", PASSWORD) == {}
    browser = app.test_client()
    assert browser.get("/login/openid").location == "/login"
    assert "does not answer" in browser.get("/login").text
    form = {"login": "olena", "password": PASSWORD}
    assert browser.post("/login", data=form).location == "/webhooks"


@pytest.mark.parametrize("said", [[], None, {"authorization_endpoint": 5}])
def test_one_that_says_something_else_than_it_should_confirms_nobody(
    app: Flask, monkeypatch: pytest.MonkeyPatch, said: object
) -> None:
    browser = app.test_client()
    monkeypatch.setattr(app, "extensions", dict(app.extensions))
    app.extensions.pop(openid._NAME, None)
    with monkeypatch.context() as patched:
        patched.setattr(requests.Response, "json", lambda _answer, **_: said)
        assert browser.get("/login/openid").location == "/login"
    assert "did not confirm" in browser.get("/login").text
    assert browser.get("/login/openid").status_code == 302  # it has come to its senses


def test_one_that_hangs_holds_two_threads_at_most(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openid, "_PATIENCE", 0.0)
    with openid._talking, openid._talking:
        assert app.test_client().get("/login/openid").location == "/login"
    assert app.test_client().get("/login/openid").status_code == 302


def test_its_certificate_may_be_that_of_a_company_authority(tmp_path: Path) -> None:
    authority = trustme.CA(organization_name="Acme")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    def trusted(ca_file: str | None) -> str:
        adapter: Any = openid._session_class(ca_file)().get_adapter("https://login.example")
        context: ssl.SSLContext = adapter.poolmanager.connection_pool_kw["ssl_context"]
        return str(context.get_ca_certs())

    assert "Acme" in trusted(str(tmp_path / "ca.pem"))
    assert "Acme" not in trusted(None)
    assert len(trusted(str(tmp_path / "ca.pem"))) > len(trusted(None))  # beside the public ones


def test_without_a_provider_there_is_none(make_app: MakeApp) -> None:
    app = make_app()
    with app.app_context():
        assert users.add_user("olena", PASSWORD) == {}
    browser = app.test_client()
    assert "openid" not in browser.get("/login").text
    assert browser.get("/login/openid").status_code == 404
    assert browser.get("/login/openid/back").status_code == 404


def test_who_has_no_password_is_not_asked_for_one(make_app: MakeApp, settings: Any) -> None:
    app = make_app(OIDC_ROLE="viewer", **settings)
    sign_in(app, "olena")  # without anybody there is only the set-up
    browser = app.test_client()
    assert enter(browser, "3") == "/webhooks"
    page = browser.get("/settings/account").text
    assert 'name="current_password"' not in page
    assert "have no password here" in page


@pytest.mark.parametrize(("role", "comes_back"), [("viewer", True), ("none", False)])
def test_a_removal_tells_whether_the_provider_lets_in_again(
    make_app: MakeApp, settings: Any, role: str, comes_back: bool
) -> None:
    app = make_app(OIDC_ROLE=role, **settings)
    browser = sign_in(app, "olena")
    with app.app_context():
        assert users.add_user("taras@acme.example", PASSWORD, "viewer") == {}
    taras = user(app, "taras@acme.example")
    assert taras
    page = browser.get(f"/settings/users/{taras.id}").text
    assert ("is let in here again" in page) is comes_back
    assert ("can no longer sign in" in page) is not comes_back

    browser.post(f"/settings/users/{taras.id}/remove")
    assert enter(app.test_client(), "3") == ("/webhooks" if comes_back else "/login")


def test_who_is_invited_reads_which_login_the_provider_finds(app: Flask) -> None:
    admin = sign_in(app, "iryna")
    admin.post("/settings/users/new", data={"role": "viewer"})
    link = re.search(r'id="new-link">http://localhost([^<]+)', admin.get("/settings/users").text)
    assert link
    invited = app.test_client()
    assert "To sign in with localhost" in invited.get(link[1]).text
    form = {"login": "taras@acme.example", "password": PASSWORD}
    assert invited.post(link[1], data=form).location == "/webhooks"
    assert enter(app.test_client(), "3") == "/webhooks"
