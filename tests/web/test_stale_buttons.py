"""A button of a page that is older than the sign-in: nothing happens, and the page says why."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_webhook, piece, sign_in, stored

STALE = {
    "en": "You signed in again since this page was opened, so nothing was changed.",
    "uk": "Відтоді як цю сторінку відкрито, ви ввійшли знову, тож нічого не змінено.",
}


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def webhook(app: Flask, admin: FlaskClient) -> str:
    """A webhook; from now on CSRF tokens are checked."""
    public_id = make_webhook(admin)
    app.config["WTF_CSRF_ENABLED"] = True
    return public_id


@pytest.mark.parametrize("language", STALE)
def test_back_on_the_page_with_a_sentence(
    app: Flask, admin: FlaskClient, webhook: str, language: str
) -> None:
    headers = {"Accept-Language": language, "Referer": "http://localhost/webhooks?q=crm"}
    answer = admin.post(f"/webhooks/{webhook}/disable", data={"csrf_token": "x"}, headers=headers)
    assert (answer.status_code, answer.location) == (303, "/webhooks?q=crm")
    assert STALE[language] in admin.get(answer.location, headers=headers).text
    assert stored(app, webhook).enabled


def test_htmx_loads_the_page_anew(admin: FlaskClient, webhook: str) -> None:
    answer = piece(admin, "POST", f"/webhooks/{webhook}/delete")
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")
    assert STALE["en"] in admin.get("/webhooks").text


def test_a_page_that_was_the_answer_to_a_form_is_not_led_back_to(
    admin: FlaskClient, webhook: str
) -> None:
    headers = {"Referer": "http://localhost/webhooks/test"}
    answer = admin.post(f"/webhooks/{webhook}/disable", headers=headers)
    assert answer.location == "/webhooks"


def test_after_the_end_of_the_session_no_such_page_is_wanted(app: Flask, webhook: str) -> None:
    headers = {"Referer": "http://localhost/webhooks/test"}
    answer = app.test_client().post(f"/webhooks/{webhook}/disable", headers=headers)
    assert answer.location == "/login"


def test_another_site_gets_no_sentence_into_the_console(admin: FlaskClient, webhook: str) -> None:
    headers = {"Origin": "https://evil.example"}
    assert admin.post(f"/webhooks/{webhook}/disable", headers=headers).status_code == 400
    assert STALE["en"] not in admin.get("/webhooks").text


def test_a_form_for_what_is_gone(app: Flask, webhook: str) -> None:
    """The view answers within the error handler, which has none of its own."""
    browser = sign_in(app, "olena")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert browser.post("/webhooks/wh_none/edit", data={"csrf_token": "x"}).status_code == 404
