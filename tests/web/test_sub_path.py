"""A console under a path: every link, redirect, cookie and address stays below it."""

import re
from typing import Any

import pytest
from flask import Flask

from tests.conftest import sign_in, webhook_form
from tests.support.apps import MakeApp
from webhooks_ui.web.own_address import base_url

LINK = re.compile(r'(?:href|src|action|hx-get|hx-post|formaction)="(/[^"]*)"')
PAGES = (
    *("/webhooks", "/webhooks/new", "/deliveries", "/events", "/catalogue", "/channels"),
    *("/receiver", "/api/v1/docs", "/nothing-here"),
)


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """A console at https://acme.example/hooks."""
    return make_app(PUBLIC_URL="https://acme.example/hooks")


@pytest.mark.parametrize("is_taken_away", [True, False])
@pytest.mark.parametrize("page", PAGES)
def test_every_link_stays_below_the_path(
    app: Flask, monkeypatch: pytest.MonkeyPatch, page: str, *, is_taken_away: bool
) -> None:
    inner = app.wsgi_app

    def proxy(environ: dict[str, Any], start: Any) -> Any:
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/hooks")
        return inner(environ, start)

    browser = sign_in(app, "olena")
    if is_taken_away:
        monkeypatch.setattr(app, "wsgi_app", proxy)
    links = LINK.findall(browser.get(f"/hooks{page}").text)
    assert links
    assert [link for link in links if not link.startswith("/hooks/")] == []


def test_a_sign_in_leads_back_to_the_page(app: Flask) -> None:
    answer = app.test_client().get("/hooks/deliveries?status=failed")
    assert answer.location == "/hooks/login?next=/hooks/deliveries?status%3Dfailed"


def test_cookies_keep_to_the_path(app: Flask) -> None:
    answer = app.test_client().post(
        "/hooks/language", data={"language": "uk", "next": "/hooks/login"}
    )
    assert answer.location == "/hooks/login"
    assert "Path=/hooks" in answer.headers["Set-Cookie"]
    secure = app.test_client().get("/hooks/login", base_url="https://acme.example")
    for cookie in secure.headers.getlist("Set-Cookie"):
        assert cookie.startswith("__Secure-")
        assert "Path=/hooks" in cookie


def test_saving_leads_to_the_webhook_below_the_path(app: Flask) -> None:
    browser = sign_in(app, "olena")
    answer = browser.post("/hooks/webhooks/new", data=webhook_form())
    assert answer.location.startswith("/hooks/webhooks/wh_")
    assert browser.get(answer.location).status_code == 200


def test_addresses_for_others_have_the_path(app: Flask) -> None:
    description = app.test_client().get("/hooks/api/v1/openapi.json").json
    assert description is not None
    assert description["servers"][0]["url"] == "/hooks/api/v1"
    with app.test_request_context("/hooks/receiver"):
        assert base_url(app.config) == "https://acme.example/hooks"


def test_health_answers_with_and_without_the_path(app: Flask) -> None:
    assert app.test_client().get("/healthz").status_code == 200
    assert app.test_client().get("/hooks/healthz").status_code == 200
