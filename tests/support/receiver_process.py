"""The receiver's own process: records every request, answers as told. Standard library only.

Two servers on 127.0.0.1: the hook, which takes anything on any path, and the control channel that
`receiver.Receiver` talks to. Prints both ports on one line, ends when its standard input does, so
that it never outlives the test run. Arguments: the hook's port (0 for any free one) and, for https,
a PEM file with its key and certificate.
"""

import base64
import json
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit


class State:
    """What came in and what to answer, shared by the threads of both servers."""

    changed: ClassVar[threading.Condition] = threading.Condition()
    released: ClassVar[threading.Event] = threading.Event()
    requests: ClassVar[list[dict[str, Any]]] = []
    answers: ClassVar[list[dict[str, Any]]] = []


class Hook(BaseHTTPRequestHandler):
    """Records a request, then gives the next scripted answer; the last one is repeated."""

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
        self._answer(self._record(body))

    def _record(self, body: bytes) -> dict[str, Any]:
        request = {
            "method": self.command,
            "path": self.path,
            "headers": list(self.headers.items()),
            "body": base64.b64encode(body).decode(),
            "received_at": time.time(),
        }
        with State.changed:
            State.requests.append(request)
            State.changed.notify_all()
            if len(State.answers) > 1:
                return State.answers.pop(0)
            return State.answers[0] if State.answers else {"status": 200}

    def _answer(self, answer: dict[str, Any]) -> None:
        if answer.get("hang"):
            State.released.wait()
            self.close_connection = True
            return
        State.released.wait(answer.get("delay", 0.0))
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


class Control(BaseHTTPRequestHandler):
    """Reads and resets the state: GET /requests?count=&timeout=, DELETE /requests, PUT /answers."""

    def do_GET(self) -> None:
        """The recorded requests, once there are `count` or `timeout` seconds have passed."""
        query = parse_qs(urlsplit(self.path).query)
        count, timeout = int(query["count"][0]), float(query["timeout"][0])
        with State.changed:
            State.changed.wait_for(lambda: len(State.requests) >= count, timeout)
            self._reply(list(State.requests))

    def do_DELETE(self) -> None:
        """Forget the recorded requests."""
        with State.changed:
            State.requests.clear()
        self._reply([])

    def do_PUT(self) -> None:
        """Set the answers to come; those that hang on an earlier script are let go."""
        answers = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with State.changed:
            State.answers[:] = answers
            State.released.set()
            State.released = threading.Event()
        self._reply([])

    def _reply(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output quiet."""


class Server(ThreadingHTTPServer):
    """Takes as many connections at once as workers open: with the usual 5 the others are made only
    when they are tried again, after a second, and time out where the machine is slow."""

    request_queue_size = 256


def main() -> None:
    """Serve until standard input ends."""
    port, *certificate = sys.argv[1:]
    hook = Server(("127.0.0.1", int(port)), Hook)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate[0])
        hook.socket = context.wrap_socket(hook.socket, server_side=True)
    control = Server(("127.0.0.1", 0), Control)
    for server in (hook, control):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(hook.server_port, control.server_port, flush=True)  # noqa: T201 - read by the parent
    sys.stdin.read()


if __name__ == "__main__":
    main()
