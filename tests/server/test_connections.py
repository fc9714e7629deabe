"""The clients' connections: deadlines, limits, framing, and a stop that loses no request."""

import errno
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPResponse
from typing import Self

import pytest
from waitress.task import ErrorTask

from tests.support.waiting import wait_until
from webhooks_ui.server import client_connection, connections
from webhooks_ui.server.connections import Server
from webhooks_ui.server.listening import listen
from webhooks_ui.settings.open_files import ENOUGH, OpenFiles

GET = b"GET /page HTTP/1.1\r\nHost: console\r\nConnection: close\r\n\r\n"
PATIENT = 30.0  # seconds
LARGE = connections.INTAKE_BODY + 1
LARGE_INTAKE = (
    b"POST /intake HTTP/1.1\r\nHost: c\r\nContent-Length: %d\r\n\r\n" % LARGE + b"x" * LARGE
)
MAX_CONNECTIONS = OpenFiles(ENOUGH).connections


class Console:
    """A server in a thread; `…/held` answers once `release` is set, `/large` with 64 MB."""

    def __init__(self, **named: bool) -> None:
        self.release = threading.Event()
        self.held = threading.Semaphore(0)
        listening = listen("127.0.0.1", 0)
        self.address: tuple[str, int] = listening.getsockname()
        self.server = Server(
            self._app,
            listening,
            ErrorTask,
            lambda path: 1_000 if path == "/small" else 1_000_000,
            lambda path: path.startswith("/intake"),
            most=MAX_CONNECTIONS,
            max_body=1_000_000,
            per_address=named.get("per_address", False),
            clear_proxy_headers=True,
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        # `run` without its signal handlers, which belong to the main thread.
        self.server.loop()

    def _app(self, environ: dict[str, str], start: Callable[..., object]) -> Iterable[bytes]:
        start("200 OK", [])
        if environ["PATH_INFO"].endswith("/held"):
            self.held.release()
            self.release.wait(PATIENT)
        if environ["PATH_INFO"] == "/large":
            return (b"x" * 1_000_000 for _ in range(64))
        return [b"answered"]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.server.stop()
        self._thread.join(PATIENT)
        assert not self._thread.is_alive()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=PATIENT)

    def ask(self, request: bytes = GET) -> int:
        with closing(self.connect()) as client:
            client.sendall(request)
            return status(client)


def status(client: socket.socket) -> int:
    answer = HTTPResponse(client)
    answer.begin()
    answer.read()
    return answer.status


def is_closed(client: socket.socket) -> bool:
    """Whether the server closes the connection, sooner or later, without an answer."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.fixture
def console() -> Iterator[Console]:
    with Console() as running:
        yield running


def test_a_newcomer_is_served_beside_600_idle_connections(console: Console) -> None:
    with ExitStack() as idle:
        for _ in range(600):
            idle.enter_context(closing(console.connect()))
        assert console.ask() == 200  # within `PATIENT`; half a second on a quiet machine
        assert len(console.server.active_channels) <= MAX_CONNECTIONS


def test_bodies_that_never_end_make_room_too(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.server.limit = 5
    begun = b"POST /page HTTP/1.1\r\nHost: console\r\nContent-Length: 1000\r\n\r\nx"
    with ExitStack() as slow:
        clients = [slow.enter_context(closing(console.connect())) for _ in range(6)]
        for client in clients:
            client.sendall(begun)
        assert console.ask() == 200
        assert is_closed(clients[0])


def test_requests_under_way_are_never_closed_for_others(console: Console) -> None:
    console.server.limit = 2
    with closing(console.connect()) as one, closing(console.connect()) as other:
        for client in (one, other):
            client.sendall(GET.replace(b"/page", b"/held"))
            console.held.acquire(timeout=PATIENT)
        with closing(console.connect()) as newcomer:
            assert is_closed(newcomer)
        console.release.set()
        assert [status(one), status(other)] == [200, 200]


def test_one_address_fills_no_more_than_half() -> None:
    with Console(per_address=True) as console, ExitStack() as idle:
        console.server.address_limit = 3
        clients = [idle.enter_context(closing(console.connect())) for _ in range(4)]
        assert is_closed(clients[0])
        assert console.ask() == 200


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        ("BEGIN_WITHIN", b""),
        ("HEAD_WITHIN", b"GET / HTTP/1.1\r\nHost: con"),
        ("BODY_GRACE", b"POST / HTTP/1.1\r\nHost: c\r\nContent-Length: 9\r\n\r\n12345678"),
        ("BODY_GRACE", b"POST / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n1"),
    ],
)
def test_a_request_begins_and_ends_in_time(
    console: Console, monkeypatch: pytest.MonkeyPatch, limit: str, sent: bytes
) -> None:
    monkeypatch.setattr(client_connection, limit, 0.0)
    if limit == "BODY_GRACE":
        monkeypatch.setattr(client_connection, "HEAD_WITHIN", 0.0)
    with closing(console.connect()) as client:
        client.sendall(sent)
        assert is_closed(client)


def test_empty_lines_do_not_prolong_the_wait(console: Console) -> None:
    with closing(console.connect()) as client:
        wait_until(lambda: console.server.active_channels, what="the connection")
        (channel,) = console.server.active_channels.values()
        before = channel.deadline
        client.sendall(b"\r\n\r\n")
        assert console.ask() == 200
        assert channel.deadline == before


def test_a_connection_is_kept_between_requests(console: Console) -> None:
    with closing(console.connect()) as client:
        for _ in range(2):
            client.sendall(b"GET /page HTTP/1.1\r\nHost: console\r\n\r\n")
            assert status(client) == 200


def test_a_client_that_takes_nothing_of_its_answer_is_let_go(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_connection, "STALLED", 0.0)
    with closing(console.connect()) as client:
        client.sendall(GET.replace(b"/page", b"/large"))
        wait_until(lambda: not console.server.active_channels, PATIENT, what="the end")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        b"POST / HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6",
    ],
)
def test_what_can_be_framed_in_two_ways_is_refused(console: Console, head: bytes) -> None:
    with closing(console.connect()) as client:
        client.sendall(head + b"\r\n\r\n0\r\n\r\n")
        assert status(client) == 400
        assert is_closed(client)


def test_a_path_has_a_limit_of_its_own(console: Console) -> None:
    body = b" HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000
    assert console.ask(b"POST /small" + body) == 413
    assert console.ask(b"POST /page" + body) == 200
    chunks = b" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + b"x" * 1024
    assert console.ask(b"POST /small" + chunks) == 413


def test_it_answers_that_it_is_alive_while_every_thread_is_busy(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = GET.replace(b"/page", b"/held")
    with ExitStack() as stuck:
        for _ in range(connections.THREADS):
            stuck.enter_context(closing(console.connect())).sendall(held)
        for _ in range(connections.THREADS):
            assert console.held.acquire(timeout=PATIENT)
        waiting = stuck.enter_context(closing(console.connect()))
        waiting.sendall(GET)
        wait_until(lambda: console.server.task_dispatcher.queue, what="a request that waits")
        assert console.ask(GET.replace(b"/page", b"/healthz")) == 200
        monkeypatch.setattr(connections, "MAX_QUEUED", 0.0)
        assert console.ask() == 503
        assert console.ask(GET.replace(b"/page", b"/healthz")) == 200
        console.release.set()
        assert status(waiting) == 200


@pytest.mark.parametrize(
    ("held", "threads", "other"),
    [
        (b"GET /held", connections.THREADS, GET.replace(b"GET /page", b"POST /intake")),
        (b"POST /intake/held", connections.INTAKE_THREADS, GET),
        (b"POST /intake/held", connections.INTAKE_THREADS, LARGE_INTAKE),
    ],
    ids=["pages held", "intake held", "large intake"],
)
def test_pages_and_intake_do_not_wait_for_each_other(
    console: Console, held: bytes, threads: int, other: bytes
) -> None:
    with ExitStack() as stuck:
        for _ in range(threads):
            client = stuck.enter_context(closing(console.connect()))
            client.sendall(GET.replace(b"GET /page", held))
        for _ in range(threads):
            assert console.held.acquire(timeout=PATIENT)
        assert console.ask(other) == 200


def test_a_stop_answers_what_is_under_way(console: Console) -> None:
    with closing(console.connect()) as held, closing(console.connect()) as idle:
        held.sendall(GET.replace(b"/page", b"/held").replace(b"Connection: close\r\n", b""))
        assert console.held.acquire(timeout=PATIENT)
        console.server.stop()
        assert is_closed(idle)
        with pytest.raises(ConnectionRefusedError):
            wait_until(lambda: not console.connect(), what="the listening socket's end")
        console.release.set()
        assert status(held) == 200


def test_without_file_descriptors_one_that_waits_makes_room(
    console: Console, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, lacking = socket.socket.accept, 50

    def accept(listening: socket.socket) -> tuple[socket.socket, object]:
        nonlocal lacking
        lacking -= 1
        if lacking > 0 and console.server.active_channels:
            raise OSError(errno.EMFILE, "Too many open files")
        return real(listening)

    with closing(console.connect()) as idle:
        wait_until(lambda: console.server.active_channels, what="the connection")
        monkeypatch.setattr(socket.socket, "accept", accept)
        assert console.ask() == 200
        assert is_closed(idle)
    assert "A connection was not accepted: Too many open files" in caplog.text
    assert "Traceback" not in caplog.text


def test_nothing_is_tried_many_times_a_second_while_descriptors_lack(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, enough = 0, threading.Event()

    def accept(_listening: socket.socket) -> tuple[socket.socket, object]:
        nonlocal tries
        tries += 1
        if tries == 3:
            enough.set()
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket.socket, "accept", accept)
    begun = time.monotonic()
    with closing(console.connect()):
        assert enough.wait(PATIENT)
    assert time.monotonic() - begun > connections._PAUSE  # a hot loop makes thousands meanwhile


def test_an_answer_leaves_at_once_by_the_thread_that_made_it(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending, go_on, sent = threading.Event(), threading.Event(), list[bytes]()
    original = client_connection.Connection.send

    def send(self: client_connection.Connection, data: bytes, do_close: bool = True) -> int:
        sent.append(data)
        sending.set()
        go_on.wait(PATIENT)
        return int(original(self, data, do_close))

    monkeypatch.setattr(client_connection.Connection, "send", send)
    with closing(console.connect()) as client:
        client.sendall(GET)
        assert sending.wait(PATIENT)
        (connection,) = console.server.active_channels.values()
        assert connection.total_outbufs_len  # which the main thread leaves alone
        assert not connection.writable()
        go_on.set()
        assert status(client) == 200

    assert len(sent) == 1  # head and body
