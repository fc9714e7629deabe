"""The developer's receiver: it prints what comes, judges the signature, and survives junk."""

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.waiting import wait_until
from webhooks_ui.crypto import signing
from webhooks_ui.receiver.listener import MAX_BYTES, Listener, check, pretty

SECRET = signing.new_secret()
BODY = b'{"type":"message_created"}'


def message(**headers: str) -> Message:
    made = Message()
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    return made


def signed(moment: int, body: bytes = BODY, secret: str = SECRET) -> Message:
    made = Message()
    for name, value in signing.headers([secret], "evt_1", moment, body):
        made[name] = value
    return made


class Running:
    """A listener on a free port, with what it has printed."""

    def __init__(self, status: int = 200, secret: str | None = SECRET) -> None:
        self.printed: list[str] = []
        self.listener = Listener("127.0.0.1", 0, status, secret, self.printed.append)
        self._thread = threading.Thread(target=self.listener.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def output(self) -> str:
        return "\n".join(self.printed)

    def close(self) -> None:
        self.listener.shutdown()
        self.listener.server_close()
        self._thread.join()

    def post(self, body: bytes, headers: Message | None = None) -> tuple[int, dict[str, object]]:
        request = urllib.request.Request(self.listener.url, body, dict(headers or Message()))
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def raw(self, data: bytes) -> bytes:
        """What comes back for these bytes, until the listener closes."""
        address = self.listener.server_address
        with socket.create_connection((str(address[0]), address[1]), timeout=60) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.fixture
def running() -> Iterator[Running]:
    listening = Running()
    yield listening
    listening.close()


def test_it_prints_the_request_and_that_the_signature_is_valid(running: Running) -> None:
    status, answer = running.post(BODY, signed(int(time.time())))
    assert (status, answer) == (200, {"received": True, "signature": "holds."})
    assert "POST / HTTP/1.1" in running.output
    assert "webhook-id: evt_1" in running.output.lower()
    assert '{\n  "type": "message_created"\n}' in running.output
    assert "Signature: holds." in running.output


def test_it_answers_with_the_status_it_was_told() -> None:
    listening = Running(status=503, secret=None)
    assert listening.post(b"{}")[0] == 503
    assert "Answered 503." in listening.output
    assert "Signature: not checked." in listening.output
    listening.close()


def test_an_answer_without_body_has_none() -> None:
    listening = Running(status=204)
    answer = listening.raw(b"POST / HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert answer.endswith(b"\r\n\r\n")
    listening.close()


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_every_method_is_answered(running: Running, method: str) -> None:
    answer = running.raw(f"{method} /path?q=1 HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert f"{method} /path?q=1 HTTP/1.1" in running.output


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"411"),
        (b"Content-Length: -5\r\n\r\n", b"411"),
        (b"Content-Length: %d\r\n\r\n" % (MAX_BYTES + 1), b"413"),
        (b"Content-Length: 99\r\n\r\nshort", b"400"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    running: Running, head: bytes, status: bytes
) -> None:
    assert running.raw(b"POST / HTTP/1.1\r\n" + head).startswith(b"HTTP/1.1 " + status)
    assert f"code {status.decode()}" in running.output


def test_nothing_printed_can_steer_the_terminal(running: Running) -> None:
    body = "\x1b[2J\u202e\x9b31m".encode()
    running.raw(
        b"POST /\x1b[31m HTTP/1.1\r\nX-Evil: \x1b]0;owned\x07\r\n"
        b"X-Name: " + "Олена".encode() + b"\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    assert "X-Evil: \\x1b]0;owned\\x07" in running.output
    assert "X-Name: Олена" in running.output
    assert "\\x1b[2J\\u202e\\x9b31m" in running.output
    assert all(line.isprintable() for line in running.output.split("\n"))


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"BREW /pot HTTP/1.1\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nshort",
        b"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        bytes(range(256)) * 4,
    ],
)
def test_junk_does_not_end_it(running: Running, junk: bytes) -> None:
    with suppress(ConnectionResetError):
        running.raw(junk)
    assert running.post(BODY, signed(int(time.time())))[1]["signature"] == "holds."


def test_a_broken_connection_is_one_line(running: Running) -> None:
    address = running.listener.server_address
    connection = socket.create_connection((str(address[0]), address[1]), timeout=60)
    connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
    # Closing with SO_LINGER 0 sends a reset instead of an orderly end.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    wait_until(lambda: running.printed, what="the line")
    assert "Traceback" not in running.output


def test_requests_at_once_are_printed_whole(running: Running) -> None:
    threads = [threading.Thread(target=running.post, args=(b"{}",)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(running.printed) == 16
    assert all(report.count("Signature:") == 1 for report in running.printed)
    numbers = {int(report.split(" ")[1]) for report in running.printed}
    assert numbers == set(range(1, 17))


@pytest.mark.parametrize(
    ("host", "start"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")]
)
def test_it_listens_on_both_families(host: str, start: str) -> None:
    with Listener(host, 0, 200, None, lambda _text: None) as listener:
        assert listener.url.startswith(start)
        assert listener.url.endswith("/")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (message(), "has no webhook-id or webhook-timestamp or webhook-signature."),
        (message(webhook_id="evt_1", webhook_timestamp="1000"), "has no webhook-signature."),
        (
            message(webhook_id="evt_1", webhook_timestamp="soon", webhook_signature="v1,x"),
            "webhook-timestamp is not a whole number",
        ),
        (signed(1_000, secret=signing.new_secret()), "made with another secret"),
        (signed(1_000, body=b"{}"), "or the request was changed"),
        (signed(699), "the timestamp is 301 s old; 300 s are allowed."),
        (signed(1_301), "the timestamp is 301 s in the future; 300 s are allowed."),
    ],
)
def test_an_invalid_signature_is_explained(headers: Message, reason: str) -> None:
    verdict = check(SECRET, headers, BODY, now=1_000.0)
    assert verdict.startswith("does not hold: ")
    assert reason in verdict


@pytest.mark.parametrize("moment", [700, 1_000, 1_300])
def test_five_minutes_either_way_are_allowed(moment: int) -> None:
    assert check(SECRET, signed(moment), BODY, now=1_000.0) == "holds."


def test_one_of_two_signatures_is_enough() -> None:
    headers = message(
        webhook_id="evt_1",
        webhook_timestamp="1000",
        webhook_signature=signing.sign([signing.new_secret(), SECRET], "evt_1", 1_000, BODY),
    )
    assert check(SECRET, headers, BODY, now=1_000.0) == "holds."


def test_long_and_deep_bodies_are_printed_as_far_as_is_useful() -> None:
    assert pretty(b"[" * 100_000).startswith("[[[")
    assert pretty(b"x" * 300_000).endswith("… and 100,000 characters more")
    assert pretty(b"1" * 5_000) == "1" * 5_000
    assert pretty(b'"\\ud800"') == '"\\ud800"'


@given(body=st.binary(max_size=300))
def test_every_body_is_printable(body: bytes) -> None:
    assert all(line.isprintable() for line in pretty(body).split("\n"))
