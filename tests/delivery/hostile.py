"""A receiver that misbehaves on purpose: a real socket server, a thread for each connection."""

import select
import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Event, Thread

Behaviour = Callable[["Peer"], None]


@dataclass
class Received:
    """A request as it came: request line, headers, body."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} was sent {len(values)} times"
        return values[0] if values else None


@dataclass
class Peer:
    """The receiver's end of one connection."""

    socket: socket.socket
    stopped: Event
    number: int
    sent: int = 0
    buffer: bytes = b""
    received: list[Received] = field(default_factory=list)

    def read_request(self) -> Received:
        """The next request. Raises EOFError when there is none."""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        pairs = [tuple(text.split(": ", 1)) for text in fields]
        request = Received(line, pairs, b"")  # type: ignore[arg-type]
        length = int(request.header("Content-Length") or 0)
        came = bytearray(self.buffer)
        while len(came) < length:
            came += self._more()
        request.body, self.buffer = bytes(came[:length]), bytes(came[length:])
        self.received.append(request)
        return request

    def _more(self) -> bytes:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        return data

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.sent += len(data)

    def send_for_ever(self, data: bytes) -> None:
        while not self.stopped.is_set():
            self.send(data)

    def drip(self, data: Iterable[int], seconds: float = 0.02) -> None:
        """Sends byte after byte, slowly."""
        for byte in data:
            self.send(bytes([byte]))
            if self.stopped.wait(seconds):
                return

    def hang(self) -> None:
        """Keeps the connection open without sending, until the other end closes it."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        while not self.stopped.is_set():
            if poll.poll(20):
                return

    def reset(self) -> None:
        """Breaks the connection: RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


class Hostile:
    """Listens on a free port of `host` and runs `behaviour` on each connection.

    Over TLS with `context`, unless `behaviour` is to see the bare connection (`is_bare`). `peers`
    are all connections so far, `requests` what came over them.
    """

    def __init__(
        self, behaviour: Behaviour, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, 0), family=family)
        self.port: int = self._listening.getsockname()[1]
        self._host = f"[{host}]" if ":" in host else host
        self._scheme = "https" if context else "http"
        self._behaviour, self._context = behaviour, context
        self._stopped = Event()
        self._changed = Condition()
        self.peers: list[Peer] = []
        self._done = 0
        self._threads = [Thread(target=self._accept)]
        self._threads[0].start()

    def url(self, path: str = "/hook", host: str | None = None) -> str:
        return f"{self._scheme}://{host or self._host}:{self.port}{path}"

    @property
    def requests(self) -> list[Received]:
        return [request for peer in self.peers for request in peer.received]

    def wait_until_done(self, connections: int) -> None:
        """Waits until this many connections have been closed."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._done >= connections, timeout=60)

    def close(self) -> None:
        self._stopped.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for peer in self.peers:
            with suppress(OSError):
                peer.socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return
            # A reset drops what is still held back.
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(accepted, self._stopped, len(self.peers) + 1)
            self.peers.append(peer)
            thread = Thread(target=self._serve, args=(peer,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: Peer) -> None:
        with suppress(OSError, EOFError):
            if self._context:
                peer.socket = self._context.wrap_socket(peer.socket, server_side=True)
            self._behaviour(peer)
        peer.socket.close()
        with self._changed:
            self._done += 1
            self._changed.notify_all()


def answering(answer: bytes) -> Behaviour:
    """Answers every request with these bytes, and closes when the other end does."""

    def behave(peer: Peer) -> None:
        while True:
            peer.read_request()
            peer.send(answer)

    return behave


def answering_once(answer: bytes) -> Behaviour:
    """Answers one request with these bytes and closes the connection."""

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer)
        # Not closed before the other end has read it all: an early RST would eat it.
        peer.socket.shutdown(socket.SHUT_WR)
        peer.hang()

    return behave
