"""Which language an answer is in, and the switch."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale, ngettext

from tests.conftest import sign_in

UKRAINIAN, ENGLISH = '<html lang="uk">', '<html lang="en">'


@pytest.mark.parametrize(
    ("preferred", "answer"),
    [
        ("uk-UA,uk;q=0.9,en;q=0.8", UKRAINIAN),
        ("en-GB,en;q=0.9,uk;q=0.8", ENGLISH),
        ("fr,uk;q=0.5", UKRAINIAN),
        ("fr", ENGLISH),
        ("", ENGLISH),
    ],
)
def test_the_browsers_preference_counts(client: FlaskClient, preferred: str, answer: str) -> None:
    assert answer in client.get("/login", headers={"Accept-Language": preferred}).text


def test_the_operators_language_is_for_those_who_prefer_none(
    make_app: Callable[..., Flask],
) -> None:
    browser = make_app(LANGUAGE="uk").test_client()
    assert UKRAINIAN in browser.get("/login", headers={"Accept-Language": "fr"}).text
    assert ENGLISH in browser.get("/login", headers={"Accept-Language": "en"}).text


def test_the_switch_is_remembered_before_signing_in(client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "uk", "next": "/login?next=/channels"})
    assert (answer.status_code, answer.location) == (303, "/login?next=/channels")
    assert UKRAINIAN in client.get("/login", headers={"Accept-Language": "en"}).text
    client.post("/language", data={"language": "en"})
    assert ENGLISH in client.get("/login", headers={"Accept-Language": "uk"}).text


def test_the_switch_is_remembered_with_the_user(app: Flask, admin: FlaskClient) -> None:
    admin.post("/language", data={"language": "uk"})
    other = sign_in(app, "olena")
    other.set_cookie("language", "en")
    assert UKRAINIAN in other.get("/webhooks").text
    assert ENGLISH in sign_in(app, "taras").get("/webhooks").text


def test_the_switch_keeps_the_filters_that_htmx_has_set(admin: FlaskClient) -> None:
    """`next` is from when the page was loaded; the Referer is its URL in the browser's history."""
    form = {"language": "uk", "next": "/webhooks"}
    headers = {"Referer": "http://localhost/webhooks?q=crm&status=failing"}
    answer = admin.post("/language", data=form, headers=headers)
    assert answer.location == "/webhooks?q=crm&status=failing"
    for referrer in ("http://localhost/webhooks/test", "https://evil.example/webhooks?q=a"):
        answer = admin.post("/language", data=form, headers={"Referer": referrer})
        assert answer.location == "/webhooks"


def test_a_viewer_may_switch(app: Flask) -> None:
    viewer = sign_in(app, "guest", role="viewer")
    assert viewer.post("/language", data={"language": "uk"}).status_code == 303
    assert UKRAINIAN in viewer.get("/webhooks").text


@pytest.mark.parametrize("language", ["", "fr", "../uk"])
def test_an_unknown_language_is_refused(client: FlaskClient, language: str) -> None:
    assert client.post("/language", data={"language": language}).status_code == 400
    assert client.get_cookie("language") is None


@pytest.mark.parametrize("away", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_the_switch_leads_nowhere_else(client: FlaskClient, away: str) -> None:
    answer = client.post("/language", data={"language": "uk", "next": away})
    assert answer.location == "/webhooks"


def test_a_forged_cookie_changes_nothing(client: FlaskClient) -> None:
    client.set_cookie("language", "<script>")
    assert ENGLISH in client.get("/login").text


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "1 хвилину"), (2, "2 хвилини"), (5, "5 хвилин"), (11, "11 хвилин"), (21, "21 хвилину")],
)
def test_ukrainian_plurals(app: Flask, number: int, words: str) -> None:
    with app.test_request_context(), force_locale("uk"):
        text = ngettext(
            "Too many failed attempts. Wait %(num)d minute, then try again.",
            "Too many failed attempts. Wait %(num)d minutes, then try again.",
            number,
        )
    assert f"{words} " in text


def test_error_pages_speak_the_language_too(client: FlaskClient) -> None:
    answer = client.get("/nowhere", headers={"Accept-Language": "uk"})
    assert answer.status_code == 404
    assert UKRAINIAN in answer.text
    assert "There is nothing" not in answer.text
