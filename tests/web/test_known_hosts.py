"""Which Host a request may name: the console's own addresses, and no other."""

import pytest
from flask import Flask
from werkzeug.test import create_environ, run_wsgi_app

from tests.conftest import sign_in
from tests.sources.chatwoot import PATH, body, headers, make_source
from tests.support.apps import MakeApp

PATHS = ("/login", "/webhooks", "/metrics", "/static/app.css", "/api/v1/openapi.json", "/nowhere")


@pytest.mark.parametrize("path", PATHS)
def test_another_name_is_answered_421_and_the_settings_to_change(
    make_app: MakeApp, path: str
) -> None:
    client = make_app().test_client()
    answer = client.get(path, headers={"Host": "rebound.example"})
    assert answer.status_code == 421
    assert "WEBHOOKS_UI_PUBLIC_URL" in answer.text
    assert "WEBHOOKS_UI_ALLOWED_HOSTS" in answer.text


def test_metrics_are_not_read_by_a_rebound_name(make_app: MakeApp) -> None:
    client = make_app().test_client()
    here = {"REMOTE_ADDR": "127.0.0.1"}
    assert client.get("/metrics", environ_base=here).status_code == 200
    rebound = client.get("/metrics", environ_base=here, headers={"Host": "rebound.example:8000"})
    assert rebound.status_code == 421
    assert "webhooks_ui_" not in rebound.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_answers_to_every_name(make_app: MakeApp, path: str) -> None:
    answer = make_app().test_client().get(path, headers={"Host": "web-7f9c"})
    assert answer.status_code in (200, 503)


def test_a_source_answers_to_every_name(app: Flask) -> None:
    """Chatwoot may know it by a name of its Docker network, and what is refused once is lost."""
    path, sent = f"{PATH}?token={make_source(app)}", body("contact_created")
    given = headers(sent, "uuid") | {"Host": "webhooks_ui:8000"}
    assert app.test_client().post(path, data=sent, headers=given).status_code == 202


def status(make_app: MakeApp, host: str, **settings: object) -> int:
    client = make_app(ALLOWED_HOSTS=(), **settings).test_client()
    return client.get("/login", headers={"Host": host}).status_code


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1:8000", "127.0.0.1", "127.9.9.9:1", "[::1]:8000", "[::1]", "LocalHost:8000"),
        *("localhost.", "console.localhost:8000", "127.0.0.1:"),
    ],
)
def test_loopback_is_always_ours(make_app: MakeApp, host: str) -> None:
    assert status(make_app, host) == 200


@pytest.mark.parametrize(
    "host",
    [
        *("10.0.0.5:8000", "[2001:db8::1]", "localhost.example", "alocalhost", "127.0.0.1.example"),
        *("", " ", ":8000", "127.0.0.1:8000:9", "[::1", "127.0.0.1@rebound.example", "a b"),
        *("127.0.0.1,rebound.example", "localhost/rebound.example", "localhost\\rebound"),
    ],
)
def test_others_are_not(make_app: MakeApp, host: str) -> None:
    assert status(make_app, host) == 421


def test_public_url_and_allowed_hosts_are_ours_at_any_port(make_app: MakeApp) -> None:
    app = make_app(
        PUBLIC_URL="https://hooks.example:8443", ALLOWED_HOSTS=("web", "10.0.0.5", "fd00::1")
    )
    client = app.test_client()
    for host in ("hooks.example", "HOOKS.example:8443", "web:8000", "10.0.0.5:8000", "[FD00::1]"):
        assert client.get("/login", headers={"Host": host}).status_code == 200, host
    for host in ("a.hooks.example", "hooks.example.evil.example", "webs", "10.0.0.6"):
        assert client.get("/login", headers={"Host": host}).status_code == 421, host


@pytest.mark.parametrize("listening", ["0.0.0.0", "::"])
def test_where_it_listens_everywhere_any_address_is_ours_and_no_name(
    make_app: MakeApp, listening: str
) -> None:
    for host in ("192.168.1.5:8000", "[2001:db8::1]:8000"):
        assert status(make_app, host, HOST=listening) == 200
    assert status(make_app, "rebound.example", HOST=listening) == 421


def test_the_address_listened_on_is_ours(make_app: MakeApp) -> None:
    assert status(make_app, "10.0.0.5:8000", HOST="10.0.0.5") == 200
    assert status(make_app, "10.0.0.6:8000", HOST="10.0.0.5") == 421
    assert status(make_app, "web.internal:8000", HOST="web.internal") == 200


def test_forwarded_names_are_held_against_the_settings_too(make_app: MakeApp) -> None:
    app = make_app(PUBLIC_URL="https://hooks.example", TRUSTED_PROXIES=1)
    client = app.test_client()
    for name, expected in (("hooks.example", 200), ("rebound.example", 421)):
        answer = client.get("/login", headers={"Host": "localhost", "X-Forwarded-Host": name})
        assert answer.status_code == expected


def test_a_plain_proxy_passes_on_no_port_of_the_clients(make_app: MakeApp) -> None:
    """nginx leaves X-Forwarded-Port as the client has sent it."""
    app = make_app(PUBLIC_URL="https://hooks.example", TRUSTED_PROXIES=1)
    answer = app.test_client().get(
        "/api/v1/openapi.json",
        headers={"Host": "hooks.example", "X-Forwarded-Port": "666", "X-Forwarded-Proto": "https"},
    )
    assert answer.status_code == 200
    assert ":666" not in answer.text
    browser = sign_in(app, "olena")
    headers = {"Host": "hooks.example", "X-Forwarded-Port": "666"}
    assert ":666" not in browser.get("/webhooks", headers=headers).text


def test_a_request_without_host_is_answered(make_app: MakeApp) -> None:
    """HTTP/1.0 has none: a load balancer's check."""
    environ = create_environ("/login")
    del environ["HTTP_HOST"]
    _answer, status_line, _headers = run_wsgi_app(make_app(), environ)
    assert status_line == "200 OK"


@pytest.mark.parametrize(
    "host", ["9" * 400, "a..b", "%", "\xff", "localhost:999999", "[::1]x", "-"]
)
@pytest.mark.parametrize("path", ["/login", "/webhooks", "/api/v1/webhooks", "/nowhere"])
def test_a_host_that_cannot_be_read_is_no_mistake_of_ours(
    make_app: MakeApp, path: str, host: str
) -> None:
    environ = create_environ(path)
    environ["HTTP_HOST"] = host
    _answer, status_line, _headers = run_wsgi_app(make_app(), environ)
    assert status_line.startswith("421")
