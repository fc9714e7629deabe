"""What protects every answer: pages, pieces, redirects, errors and files."""

from collections.abc import Callable

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import piece, sign_in
from webhooks_ui.database.engine import db
from webhooks_ui.models import Channel, UserSession


def policy(answer: TestResponse) -> dict[str, str]:
    directives = answer.headers["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (one.partition(" ") for one in directives)}


def assert_protected(answer: TestResponse) -> None:
    rules = policy(answer)
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert rules["default-src"] == "'none'"
    assert rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["form-action"] == rules["script-src"] == rules["style-src"] == "'self'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/webhooks", 200),
        ("GET", "/catalogue", 200),
        ("GET", "/settings/account", 200),
        ("GET", "/", 302),
        ("GET", "/nowhere", 404),
        ("GET", "/webhooks/wh_gone", 404),
        ("DELETE", "/webhooks", 405),
        ("POST", "/channels/new", 422),
        ("POST", "/language", 400),
        ("GET", "/healthz", 200),
    ],
)
def test_every_answer_is_protected_and_not_kept(
    admin: FlaskClient, method: str, path: str, status: int
) -> None:
    answer = admin.open(path, method=method)
    assert answer.status_code == status
    assert_protected(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "HX-Request" in answer.headers["Vary"]


def test_what_is_open_to_all_is_in_no_search_engine(client: FlaskClient) -> None:
    assert client.get("/login").headers["X-Robots-Tag"] == "noindex"
    assert client.get("/webhooks").status_code == 303


def test_a_piece_is_protected(admin: FlaskClient) -> None:
    answer = piece(admin, "GET", "/webhooks")
    assert "<html" not in answer.text
    assert_protected(answer)
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_in_front_of_the_sign_in_is_protected(client: FlaskClient) -> None:
    for path in ("/login", "/setup", "/webhooks", "/static/gone.css"):
        assert_protected(client.get(path))


def assert_loads_nothing(answer: TestResponse) -> None:
    assert policy(answer) == {"default-src": "'none'", "frame-ancestors": "'none'"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_file_may_be_kept_and_loads_nothing(client: FlaskClient) -> None:
    for path in ("/static/app.css", "/static/icons.svg", "/static/app.js"):
        answer = client.get(path)
        assert "no-store" not in answer.headers["Cache-Control"]
        assert_loads_nothing(answer)


def test_what_is_kept_is_protected_when_it_is_confirmed(client: FlaskClient) -> None:
    etag = client.get("/static/app.css").headers["ETag"]
    answer = client.get("/static/app.css", headers={"If-None-Match": etag})
    assert answer.status_code == 304
    assert_loads_nothing(answer)


@pytest.mark.parametrize(
    "path", ["/api/v1/openapi.json", "/api/v1/docs", "/api/v1/webhooks", "/api/x"]
)
def test_the_api_is_protected(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert_protected(answer)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_mistake_of_ours_is_protected_and_tells_nothing_of_our_insides(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("the secret inside")

    app = make_app(TESTING=False)
    browser = sign_in(app, "olena")
    monkeypatch.setattr(Channel, "choices", fail)
    answer = browser.get("/webhooks/new")
    assert answer.status_code == 500
    assert "Something went wrong on our side." in answer.text
    assert "secret" not in answer.text
    assert_protected(answer)
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_page_has_anything_inline(admin: FlaskClient) -> None:
    for path in ("/webhooks", "/webhooks/new", "/channels", "/channels/new", "/catalogue"):
        page = admin.get(path).text
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page
        assert "<script>" not in page
        assert "hx-on" not in page


def test_https_is_insisted_on_only_under_https(client: FlaskClient) -> None:
    name = "Strict-Transport-Security"
    assert name not in client.get("/login").headers
    secure = client.get("/login", base_url="https://hooks.example")
    assert int(secure.headers[name].removeprefix("max-age=")) >= 31_536_000


def test_https_is_insisted_on_for_hosts_below_where_the_setting_says_so(
    make_app: Callable[..., Flask],
) -> None:
    client = make_app(HSTS_SUBDOMAINS="yes").test_client()
    answer = client.get("/login", base_url="https://hooks.example")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


FORWARDED = {
    "X-Forwarded-For": "203.0.113.9, 192.0.2.44",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "hooks.example",
}


def test_forwarded_headers_of_just_anybody_mean_nothing(client: FlaskClient) -> None:
    answer = client.get("/login", headers=FORWARDED)
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(
    ("hops", "address"), [(0, "127.0.0.1"), (1, "192.0.2.44"), (2, "203.0.113.9")]
)
def test_an_address_is_believed_as_far_as_proxies_are_trusted(
    make_app: Callable[..., Flask], hops: int, address: str
) -> None:
    with make_app(TRUSTED_PROXIES=hops).test_client() as browser:
        browser.get("/login", headers=FORWARDED)
        assert request.remote_addr == address
        assert request.is_secure == bool(hops)


def test_a_page_behind_the_sign_in_shows_itself_to_nobody_else(client: FlaskClient) -> None:
    for path in ("/webhooks", "/channels", "/catalogue", "/settings/account", "/logout"):
        answer = client.get(path)
        assert answer.status_code == 303
        assert answer.location.startswith("/login")


def test_writing_needs_a_token_of_this_session(make_app: Callable[..., Flask]) -> None:
    app = make_app(WTF_CSRF_ENABLED=True)
    browser = sign_in(app, "olena")
    for path, status in (
        ("/channels/new", 422),
        ("/webhooks/new", 422),
        ("/settings/account/sessions/end", 303),
        ("/logout", 303),
    ):
        answer = browser.post(path, data={"csrf_token": "forged"})
        assert answer.status_code == status
        assert_protected(answer)
    with app.app_context():
        assert db.session.scalars(db.select(UserSession)).all()
