"""What goes over the wire, and what never does."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.delivery.conftest import Receive, Send
from tests.delivery.hostile import answering
from webhooks_ui.delivery.http.exchange import wire_headers
from webhooks_ui.delivery.http.outcome import OutgoingRequest
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.egress.guard import Guard
from webhooks_ui.egress.target_url import parse

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_a_request_arrives_as_it_was_made(receive: Receive, send: Send) -> None:
    receiver = receive(answering(OK))
    headers = (
        ("Content-Type", "application/json"),
        ("X-Custom", "Grüße, світе"),
        ("webhook-id", "msg_1"),
    )
    body = '{"text":"Привіт\\n"}'.encode()
    assert send(receiver.url("/hook?a=1&b=%20#part"), body, headers).error is None
    (received,) = receiver.requests
    assert received.line == "POST /hook?a=1&b=%20 HTTP/1.1"
    assert received.headers == [
        ("Host", f"127.0.0.1:{receiver.port}"),
        *headers,
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Content-Length", str(len(body))),
    ]
    assert received.body == body


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 3_000_000])
def test_a_body_of_any_size_arrives_whole(receive: Receive, send: Send, size: int) -> None:
    receiver = receive(answering(OK))
    body = os.urandom(size)
    assert send(receiver.url(), body).error is None
    assert receiver.requests[0].body == body


def test_headers_of_the_connection_are_ours_alone(receive: Receive, send: Send) -> None:
    receiver = receive(answering(OK))
    given = (
        ("HOST", "evil.example"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("accept", "text/html"),
        ("accept-encoding", "gzip"),
    )
    assert send(receiver.url(), b"body", given).error is None
    (received,) = receiver.requests
    assert received.headers == [
        ("Host", f"127.0.0.1:{receiver.port}"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Content-Length", "4"),
    ]


def test_wire_headers_are_the_headers_as_sent() -> None:
    request = OutgoingRequest("https://crm.example:8443/", (("X-One", "1"),), b"{}")
    assert wire_headers(request, parse(request.url)) == [
        ("Host", "crm.example:8443"),
        ("X-One", "1"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Content-Length", "2"),
    ]


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "\ud800"])
def test_a_header_that_breaks_its_line_is_never_sent(
    receive: Receive, send: Send, value: str
) -> None:
    receiver = receive(answering(OK))
    outcome = send(receiver.url(), headers=(("X-Custom", value),))
    assert outcome.error == "protocol_error"
    assert "header" in outcome.detail
    assert not receiver.peers


@pytest.mark.parametrize(
    "url", ["ftp://crm.example/", "http://user:secret@127.0.0.1/", "http://127.1/", "not a URL"]
)
def test_a_url_that_may_not_be_saved_is_not_sent_to_either(send: Send, url: str) -> None:
    outcome = send(url)
    assert (outcome.error, outcome.address) == ("blocked_address", None)
    assert "secret" not in outcome.detail


def test_a_cookie_is_never_sent_back(receive: Receive, send: Send) -> None:
    cookie = b"Set-Cookie: session=1; Path=/\r\n"
    receiver = receive(answering(OK.replace(b"\r\n", b"\r\n" + cookie, 1)))
    for _ in range(2):
        assert ("Set-Cookie", "session=1; Path=/") in send(receiver.url()).headers
    assert [received.header("Cookie") for received in receiver.requests] == [None, None]


def test_nothing_in_the_environment_changes_a_request(
    receive: Receive,
    new_sender: Callable[..., Sender],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login evil password evil\ndefault login e password e\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    proxy = receive(answering(OK))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url(""))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    receiver = receive(answering(OK))
    sender = new_sender()
    for headers in ((), (("Authorization", "Bearer ours"),)):
        assert sender.send(OutgoingRequest(receiver.url(), headers, b"{}")).error is None
    assert [received.header("Authorization") for received in receiver.requests] == [
        None,
        "Bearer ours",
    ]
    assert not proxy.peers


def test_many_threads_may_send_at_once(receive: Receive, send: Send) -> None:
    receiver = receive(answering(OK))
    send(receiver.url())
    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(send, [receiver.url(f"/{n}") for n in range(400)]))
    assert {outcome.error for outcome in outcomes} == {None}
    lines = {received.line for received in receiver.requests}
    assert lines == {f"POST {path} HTTP/1.1" for path in ["/hook", *(f"/{n}" for n in range(400))]}
    assert len(receiver.requests) == 401
    assert len(receiver.peers) <= 17


def test_an_unexpected_error_is_logged_and_recorded(
    new_sender: Callable[..., Sender], caplog: pytest.LogCaptureFixture
) -> None:
    guard = Guard(["127.0.0.1"])
    guard.check = None  # type: ignore[assignment, method-assign]
    sender = new_sender(guard=guard)
    outcome = sender.send(OutgoingRequest("http://127.0.0.1:9/", (("X", "secret"),), b"secret"))
    assert outcome.error == "protocol_error"
    assert "Sending failed unexpectedly" in caplog.text
    assert "secret" not in caplog.text
