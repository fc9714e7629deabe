"""URLs in headers and in `next` that cannot be read are passed over, and so are endless numbers."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter

from tests.conftest import make_webhook, sign_in, webhook_form
from tests.support.apps import MakeApp

UNREADABLE = ["http://[", "http://[::1", "http://\u2100.example/", "//[", "/[", "http://a:b:c/"]
HEADERS = ["Origin", "Referer", "HX-Current-URL"]
REQUESTS = (
    *(("GET", "/webhooks?q=a"), ("GET", "/deliveries"), ("POST", "/webhooks/new")),
    *(("POST", "/language"), ("POST", "/webhooks/wh_gone/delete"), ("POST", "/logout")),
)


@pytest.mark.parametrize("header", HEADERS)
def test_every_header_with_a_url(app: Flask, header: str) -> None:
    """Pages and pieces by turns."""
    for number, url in enumerate(UNREADABLE):
        headers = {header: url.encode().decode("latin-1")}
        headers |= {"HX-Request": "true"} if number % 2 else {}
        for browser in (app.test_client(), sign_in(app, "olena")):
            for method, path in REQUESTS:
                answer = browser.open(path, method=method, headers=headers, data={"language": "uk"})
                assert answer.status_code < 500, (method, path)


@pytest.mark.parametrize("url", UNREADABLE)
def test_next(app: Flask, url: str) -> None:
    browser = sign_in(app, "olena")
    answer = browser.post("/language", data={"language": "uk", "next": url})
    assert answer.location in ("/webhooks", "/[", "/%5B")
    assert browser.get("/login", query_string={"next": url}).status_code == 303


@pytest.mark.parametrize("url", UNREADABLE)
def test_a_referrer_over_https_that_csrf_protection_compares(make_app: MakeApp, url: str) -> None:
    browser = make_app(WTF_CSRF_ENABLED=True).test_client()
    console = "https://hooks.example"
    page = browser.get("/setup", base_url=console).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    form = {"language": "uk", "csrf_token": found[1]}
    for referrer, is_taken in ((url.encode().decode("latin-1"), False), (f"{console}/setup", True)):
        headers = {"Referer": referrer}
        answer = browser.post("/language", data=form, headers=headers, base_url=console)
        assert answer.status_code < 500
        set_cookies = " ".join(answer.headers.getlist("Set-Cookie"))
        assert ("language=uk" in set_cookies) is is_taken


@pytest.mark.parametrize("digits", [19, 20, 5_000])
def test_a_number_in_a_path_that_no_row_can_have(
    app: Flask, admin: FlaskClient, digits: int
) -> None:
    tried = 0
    for rule in app.url_map.iter_rules():
        numbers = [
            name for name, one in rule._converters.items() if isinstance(one, IntegerConverter)
        ]
        if numbers:
            path = re.sub(r"<[^>]+>", "9" * digits, rule.rule)
            for method in rule.methods or ():
                assert admin.open(path, method=method).status_code == 404, (method, rule)
                tried += 1
    assert tried > 8


@pytest.mark.parametrize("version", ["9" * 20, "9" * 5_000, "٣", "-1"])
def test_a_posted_version_that_is_none(admin: FlaskClient, version: str) -> None:
    path = f"/webhooks/{make_webhook(admin)}/edit"
    answer = admin.post(path, data=webhook_form(version=version))
    assert answer.status_code == 422
    assert 'name="version" type="hidden" value="1"' in answer.text
    undo = webhook_form(version=version, undo="y")
    assert admin.post(path.replace("edit", "delete")).status_code == 303
    assert admin.post(path, data=undo).status_code == 422
