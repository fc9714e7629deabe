"""OAuth 2.0 client credentials: a token from a server on loopback, which is oauthlib's."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import Call, call, errors
from tests.conftest import make_webhook, stored, webhook_form
from tests.engine.conftest import ended, receiver, send, subscribe, working
from tests.support.apps import ON_BOTH_DATABASES
from tests.support.clock import Clock
from tests.support.receiver import Receiver
from tests.support.token_server import CLIENT, SECRET, TokenServer, token_server
from tests.support.waiting import wait_until
from webhooks_ui.authorization.oauth2 import OAuth2
from webhooks_ui.delivery import access_tokens, token_request
from webhooks_ui.delivery.access_tokens import YOUNGEST, AccessTokens
from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.outcome import Outcome, OutgoingRequest
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.delivery.request import Endpoint

__all__ = ["call", "receiver"]  # fixtures


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with token_server() as running:
        yield running


def fields(server: TokenServer, **changes: str) -> dict[str, str]:
    return {
        "auth_type": "oauth2",
        "auth_oauth2_token_url": server.url,
        "auth_oauth2_client_id": CLIENT,
        "auth_oauth2_client_secret": SECRET,
        "auth_oauth2_scope": "events more",
        **changes,
    }


class Tokens:
    """The tokens of a process of its own, for a webhook that is not saved."""

    def __init__(self, app: Flask, server: TokenServer, secret: str = SECRET) -> None:
        self.clock = Clock(1_790_000_000.0)
        self.kept = AccessTokens(app, app.extensions["sender"], 20.0, self.clock)
        auth = OAuth2(server.url, CLIENT, secret, "")
        self.endpoint = Endpoint("https://crm.example/hook", auth, "envelope", ())

    def token(self) -> str:
        return self.kept.authorized(self.endpoint, None).authorization.secret


def test_a_token_arrives_is_kept_encrypted_and_serves_other_processes(
    app: Flask, admin: FlaskClient, receiver: Receiver, server: TokenServer
) -> None:
    public_id = make_webhook(admin, url=receiver.url, **fields(server))
    version = stored(app, public_id).version

    pages = [
        admin.post(f"/webhooks/{public_id}/test", data={"event": "message_created"}).location
        for _ in range(2)
    ]

    (token,) = server.tokens
    sent = [request.header("Authorization") for request in receiver.wait(2)]
    assert sent == [f"Bearer {token}"] * 2
    webhook = stored(app, public_id)
    assert webhook.version == version
    found = b"".join(path.read_bytes() for path in app.config["DATA_DIR"].glob("webhooks.db*"))
    pages_of_it = (f"/webhooks/{public_id}", f"/webhooks/{public_id}/edit", *pages)
    texts = [found.decode("latin-1"), *(admin.get(page).text for page in pages_of_it)]
    assert not any(secret in text for text in texts for secret in (token, "s3cret", "7f3a-x"))

    other = AccessTokens(app, app.extensions["sender"], 20.0)
    auth = webhook.authorization(app.extensions["vault"])
    endpoint = Endpoint(webhook.url, auth, "envelope", ())
    assert other.authorized(endpoint, webhook.id).authorization.secret == token
    assert server.requests == 1


@ON_BOTH_DATABASES
def test_the_worker_sends_with_a_token(app: Flask, receiver: Receiver, server: TokenServer) -> None:
    subscribe(app, receiver.url, authorization=OAuth2(server.url, CLIENT, SECRET, ""))
    with working(app):
        send(app, 3)
        requests = receiver.wait(3)
        ended(app)
    (token,) = server.tokens
    assert {request.header("Authorization") for request in requests} == {f"Bearer {token}"}


def test_a_token_is_renewed_before_it_ends(app: Flask, server: TokenServer) -> None:
    server.life, own = 100, Tokens(app, server)
    first = own.token()
    own.clock.now += 74
    assert own.token() == first
    own.clock.now += 2
    assert own.token() == server.tokens[-1] != first


def test_one_token_is_fetched_at_a_time(app: Flask, server: TokenServer) -> None:
    own = Tokens(app, server)
    server.answers.clear()
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(own.token) for _ in range(8)]
        wait_until(lambda: server.requests == 1)
        server.answers.set()
        assert {each.result() for each in asked} == set(server.tokens)
    assert server.requests == 1


def test_a_token_that_still_holds_is_used_while_another_is_fetched(
    app: Flask, server: TokenServer
) -> None:
    own = Tokens(app, server)
    first = own.token()
    own.clock.now += 3590
    server.answers.clear()
    with ThreadPoolExecutor(1) as threads:
        renewed = threads.submit(own.token)
        wait_until(lambda: server.requests == 2)
        assert own.token() == first
        server.answers.set()
        assert renewed.result() != first


def test_a_server_that_reads_the_body_only_is_asked_so(app: Flask, server: TokenServer) -> None:
    server.reads_body = True
    assert Tokens(app, server).token() == server.tokens[-1]


def test_both_ways_of_asking_share_one_time_out(
    app: Flask, server: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticking = Clock(100.0)
    for module in (access_tokens, token_request):
        monkeypatch.setattr(module, "monotonic", ticking)
    given = []

    class Slow(Sender):
        def send(self, request: OutgoingRequest, timeout: float | None = None) -> Outcome:
            given.append(timeout)
            ticking.now += 6
            return super().send(request)

    kept = AccessTokens(app, Slow(app.extensions["guard"], timeout=20.0), 20.0)
    endpoint = Tokens(app, server, secret="wrong").endpoint
    with pytest.raises(AttemptError, match="401 invalid_client"):
        kept.authorized(endpoint, None)
    assert given == [10.0, 4.0]  # together half of the attempt's 20 seconds


def test_a_token_that_the_receiver_refuses_is_fetched_anew(app: Flask, server: TokenServer) -> None:
    own = Tokens(app, server)
    first = own.token()
    own.kept.refused(own.endpoint)
    assert own.token() == first  # not for each delivery
    own.clock.now += YOUNGEST + 1
    own.kept.refused(own.endpoint)
    assert own.token() != first


def test_a_refusal_stands_for_those_who_ask_next_and_is_over_soon(
    app: Flask, server: TokenServer
) -> None:
    own = Tokens(app, server, secret="wrong")
    for _ in range(3):
        with pytest.raises(AttemptError, match="401 invalid_client"):
            own.token()
    assert server.requests == 2  # by Basic, and in the body
    own.clock.now += 6
    with pytest.raises(AttemptError):
        own.token()
    assert server.requests == 4
    own.clock.now -= 3600
    with pytest.raises(AttemptError):
        own.token()
    assert server.requests == 6


def test_a_clock_that_was_ahead_leaves_no_token_that_has_ended(
    app: Flask, admin: FlaskClient, server: TokenServer
) -> None:
    saved = stored(app, make_webhook(admin, **fields(server)))
    today, ahead = Tokens(app, server), Tokens(app, server)
    ahead.clock.now += 10 * 86_400
    first = ahead.kept.authorized(ahead.endpoint, saved.id).authorization.secret
    second = today.kept.authorized(today.endpoint, saved.id).authorization.secret
    ahead.clock.now = today.clock.now
    third = ahead.kept.authorized(ahead.endpoint, saved.id).authorization.secret
    assert (first, second, third) == (server.tokens[0], server.tokens[1], server.tokens[1])


def test_a_refusal_is_the_attempts_error_in_words(
    admin: FlaskClient, call: Call, receiver: Receiver, server: TokenServer
) -> None:
    changes = {"auth_oauth2_scope": "none-such"}
    public_id = make_webhook(admin, url=receiver.url, **fields(server, **changes))

    page = admin.post(f"/webhooks/{public_id}/test", data={"event": "message_created"}).location

    text = admin.get(page).text
    assert "No access token was issued." in text
    assert "400 invalid_scope" in text
    assert "Check the token URL" in text
    assert SECRET not in text
    assert receiver.requests() == []
    delivery = call("GET", "/deliveries?test=true").json["deliveries"][0]
    (attempt,) = call("GET", f"/deliveries/{delivery['id']}").json["attempts"]
    assert attempt["error"] == "token_failure"
    assert attempt["detail"].startswith(server.url.split("/")[2])


def test_egress_rules_hold_for_the_token_url(
    admin: FlaskClient, call: Call, server: TokenServer
) -> None:
    blocked = fields(server, auth_oauth2_token_url="http://127.0.0.2/token")
    refused = admin.post("/webhooks/new", data=webhook_form(**blocked))
    assert refused.status_code == 422
    assert 'id="auth_oauth2_token_url-error"' in refused.text
    given = {
        "url": "https://crm.example/hook",
        "events": ["message_created"],
        "authorization": {
            "type": "oauth2",
            "token_url": "http://127.0.0.2/token",
            "client_id": "a",
            "client_secret": "b",
        },
    }
    assert [*errors(call("POST", "/webhooks", given))] == ["/authorization/token_url"]
    test = admin.post("/webhooks/test", data=webhook_form(**blocked, event="message_created"))
    assert "blocked address" in admin.get(test.location).text if test.location else test.text


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>login</html>",
        b"[]",
        b'{"access_token": 7}',
        b'{"access_token": "a\\nb", "token_type": "bearer"}',
        b"[" * 60_000,
        json.dumps({"error": SECRET, "error_description": "x" * 9_999}).encode(),
    ],
)
def test_an_answer_that_is_no_token_is_said(
    app: Flask, server: TokenServer, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    found = ({"Content-Type": "application/json"}, answer.decode(), 200)
    monkeypatch.setattr(server, "respond", lambda *_: found)
    with pytest.raises(AttemptError) as raised:
        Tokens(app, server).token()
    assert raised.value.code == "token_failure"
    assert SECRET not in raised.value.detail
    assert len(raised.value.detail) < 300
