"""The receivers' own process: records every request, answers as told. Standard library only.

A receiver is a server on a port of 127.0.0.1 that takes anything on any path. The control channel,
which `receiver.Receiver` talks to, opens and closes receivers and reads and sets what each holds.
Prints the control channel's port, and ends when its standard input does, so that it never outlives
the test run.
"""

import base64
import json
import socket
import ssl
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Server(ThreadingHTTPServer):
    """Takes as many connections at once as workers open: with the usual 5 the others are made only
    when they are tried again, after a second, and time out where the machine is slow."""

    request_queue_size = 256


class Receiver(Server):
    """What came in and what to answer, shared by the threads of one receiver."""

    def __init__(self, port: int, certificate: str | None) -> None:
        super().__init__(("127.0.0.1", port), Hook)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.changed = threading.Condition()
        self.released = threading.Event()
        self.requests: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self._connections: set[socket.socket] = set()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def end(self) -> None:
        """Take nothing any more, and break off what is open."""
        self.shutdown()
        self.server_close()
        self.released.set()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def record(self, request: dict[str, Any]) -> dict[str, Any]:
        """Keep a request; the answer to it."""
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
            if len(self.answers) > 1:
                return self.answers.pop(0)
            return self.answers[0] if self.answers else {"status": 200}


class Hook(BaseHTTPRequestHandler):
    """Records a request, then gives the next scripted answer; the last one is repeated."""

    server: Receiver
    protocol_version = "HTTP/1.1"
    # Head and body leave together: sent one by one, the second would wait for an acknowledgement.
    wbufsize = -1

    def handle_one_request(self) -> None:
        """Read one request of any method, not only those with a `do_…`."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(
            self.server.record(
                {
                    "method": self.command,
                    "path": self.path,
                    "headers": list(self.headers.items()),
                    "body": base64.b64encode(body).decode(),
                    "received_at": time.time(),
                }
            )
        )

    def _answer(self, answer: dict[str, Any]) -> None:
        released = self.server.released
        if answer.get("hang"):
            released.wait()
            self.close_connection = True
            return
        released.wait(answer.get("delay", 0.0))
        body = base64.b64decode(answer.get("body", ""))
        self.send_response(answer["status"])
        for name, value in answer.get("headers", ()):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output quiet."""


RECEIVERS: dict[str, Receiver] = {}


class Control(BaseHTTPRequestHandler):
    """POST / opens a receiver, DELETE /<port> closes it; GET /<port>/requests?count=&timeout=,
    DELETE /<port>/requests and PUT /<port>/answers read and reset its state."""

    def do_POST(self) -> None:
        """Open a receiver; with the certificate of this file it speaks https."""
        receiver = Receiver(**self._body())
        RECEIVERS[str(receiver.server_port)] = receiver
        self._reply(receiver.server_port)

    def do_GET(self) -> None:
        """The recorded requests, once there are `count` or `timeout` seconds have passed."""
        receiver, _ = self._named()
        query = parse_qs(urlsplit(self.path).query)
        count, timeout = int(query["count"][0]), float(query["timeout"][0])
        with receiver.changed:
            receiver.changed.wait_for(lambda: len(receiver.requests) >= count, timeout)
            self._reply(list(receiver.requests))

    def do_DELETE(self) -> None:
        """Forget the recorded requests, or close the receiver."""
        receiver, what = self._named()
        if what:
            with receiver.changed:
                receiver.requests.clear()
        else:
            RECEIVERS.pop(str(receiver.server_port)).end()
        self._reply([])

    def do_PUT(self) -> None:
        """Set the answers to come; those that hang on an earlier script are let go."""
        receiver, _ = self._named()
        answers = self._body()
        with receiver.changed:
            receiver.answers[:] = answers
            receiver.released.set()
            receiver.released = threading.Event()
        self._reply([])

    def _named(self) -> tuple[Receiver, str]:
        port, _, what = urlsplit(self.path).path.strip("/").partition("/")
        return RECEIVERS[port], what

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _reply(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output quiet."""


def main() -> None:
    """Serve until standard input ends."""
    control = Server(("127.0.0.1", 0), Control)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    print(control.server_port, flush=True)  # noqa: T201 - read by the parent
    sys.stdin.read()


if __name__ == "__main__":
    main()
