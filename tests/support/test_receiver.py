"""The tests' own counterparts do what the other tests rely on."""

import socket
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.support.receiver import Answer, Receiver

pytestmark = pytest.mark.process


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def post(url: str, body: bytes = b"{}", timeout: float = 5) -> tuple[int, bytes]:
    request = urllib.request.Request(url, body, {"X-Case": "Kept"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.status, answer.read()


def test_the_receiver_records_what_was_sent(receiver: Receiver) -> None:
    assert post(receiver.url + "?a=1", "Привіт".encode()) == (200, b"")
    (request,) = receiver.wait()
    assert (request.method, request.path) == ("POST", "/hook?a=1")
    assert request.body.decode() == "Привіт"
    assert request.header("x-case") == "Kept"
    assert ("Content-Length", "12") in request.headers


def test_the_receiver_answers_by_its_script_and_repeats_the_last(receiver: Receiver) -> None:
    receiver.answer(Answer(201, (("X-One", "1"),), b"made"), Answer(202))
    assert [post(receiver.url) for _ in range(3)] == [(201, b"made"), (202, b""), (202, b"")]
    receiver.clear()
    assert receiver.requests() == []


def test_a_hanging_answer_ends_with_the_next_script(receiver: Receiver) -> None:
    receiver.answer(Answer(hang=True))
    ended = threading.Event()

    def send() -> None:
        with pytest.raises(ConnectionError):
            post(receiver.url, timeout=30)
        ended.set()

    thread = threading.Thread(target=send)
    thread.start()
    receiver.wait()
    assert not ended.is_set()
    receiver.answer(Answer())
    thread.join(60)
    assert ended.is_set()


def test_waiting_for_more_than_comes_fails(receiver: Receiver) -> None:
    with pytest.raises(AssertionError, match="0 of 1 requests"):
        receiver.wait(timeout=0.1)


def test_the_receiver_speaks_https(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = tmp_path / "receiver.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    trusting = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    with Receiver(certificate=certificate) as receiver:
        with urllib.request.urlopen(receiver.url, timeout=5, context=trusting) as answer:
            assert answer.status == 200
        assert len(receiver.wait()) == 1


def test_the_receiver_is_gone_afterwards() -> None:
    with Receiver() as receiver:
        port = receiver.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
