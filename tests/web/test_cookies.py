"""The cookies: out of reach of scripts and other sites, and bound to the host under https."""

from collections.abc import Callable
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import PASSWORD, session_cookie
from webhooks_ui.accounts import users


@pytest.fixture
def browser(make_app: Callable[..., Flask]) -> FlaskClient:
    """A browser at an app with the user `olena`."""
    app = make_app()
    with app.app_context():
        users.add_user("olena", PASSWORD)
    return app.test_client()


def enter(browser: FlaskClient, base_url: str) -> TestResponse:
    form = {"login": "olena", "password": PASSWORD}
    return browser.post("/login", data=form, base_url=base_url)


def cookies(answer: TestResponse) -> SimpleCookie:
    found = SimpleCookie()
    for line in answer.headers.getlist("Set-Cookie"):
        found.load(line)
    return found


def test_the_session_cookie_on_plain_http(browser: FlaskClient) -> None:
    cookie = cookies(enter(browser, "http://127.0.0.1:8000"))[session_cookie(browser)]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""
    assert not cookie["secure"]


def test_the_session_cookie_under_https(browser: FlaskClient) -> None:
    found = cookies(enter(browser, "https://hooks.example"))
    assert session_cookie(browser) not in found
    cookie = found[f"__Host-{session_cookie(browser)}"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert browser.get("/webhooks", base_url="https://hooks.example").status_code == 200


def test_a_cookie_of_plain_http_opens_nothing_under_https(browser: FlaskClient) -> None:
    enter(browser, "http://hooks.example")
    assert browser.get("/webhooks", base_url="http://hooks.example").status_code == 200
    assert browser.get("/webhooks", base_url="https://hooks.example").status_code == 303


def test_the_language_cookie(browser: FlaskClient) -> None:
    answer = browser.post("/language", data={"language": "uk"}, base_url="https://hooks.example")
    cookie = cookies(answer)["__Host-language"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    page = browser.get("/login", base_url="https://hooks.example").text
    assert '<html lang="uk"' in page
    browser.set_cookie("__Host-language", "", domain="hooks.example")
    browser.set_cookie("language", "uk", domain="hooks.example")  # as another host can set it
    assert '<html lang="en"' in browser.get("/login", base_url="https://hooks.example").text


def test_reading_a_page_sets_no_new_cookie(browser: FlaskClient) -> None:
    enter(browser, "http://localhost")
    browser.get("/webhooks")
    assert browser.get("/webhooks").headers.getlist("Set-Cookie") == []


def test_two_consoles_on_one_host_do_not_end_each_others_sessions(browser: FlaskClient) -> None:
    """Cookies know no ports (RFC 6265 §8.5)."""
    ours = set(cookies(enter(browser, "http://localhost")))
    browser.application.config["SECRET_KEY"] = "of the console on another port"
    theirs = set(cookies(enter(browser.application.test_client(), "http://localhost")))
    assert len(ours) == len(theirs) == 2  # of the session, and of the known browser
    assert not ours & theirs
