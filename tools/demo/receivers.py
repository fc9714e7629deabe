"""The demo's receivers: one server in a thread, which behaves by the host it is asked for."""

import json
import random
import ssl
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from tools.demo.cast import PLAYERS

OUTAGE, CYCLE = 120.0, 360.0  # seconds: how long it fails of each such time
HANG = 60.0


class Stage:
    """Listens on 127.0.0.1 between entering and leaving; with a `certificate` to https.

    Parts: ``fast``, ``slow`` (300 ms), ``flaky`` (every fifth answer is 503), ``outage`` (500 for
    two minutes of six, from its first request on), ``hanging`` (never answers), ``gone`` (410).
    """

    def __init__(self, port: int = 0, certificate: Path | None = None) -> None:
        self.parts = {player.host: player.part for player in PLAYERS}
        self.ending = Event()
        self.numbers, self.began = count(1), time.monotonic()
        self._server = _Server(("127.0.0.1", port), _Receiver)
        self._server.stage = self
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https" if certificate else "http"
        self._port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()

    def origin(self, host: str) -> str:
        """Scheme, host and port by which a receiver is reached."""
        usual = {"http": 80, "https": 443}[self._scheme]
        return f"{self._scheme}://{host}" + (f":{self._port}" if self._port != usual else "")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    stage: Stage

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignores clients that close the connection: for a hanging receiver that is expected."""


class _Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Answers as the host's part says."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        stage = self.server.stage
        part = stage.parts.get(self.headers.get("Host", "").partition(":")[0], "fast")
        number = next(stage.numbers)
        if part == "hanging":
            stage.ending.wait(HANG)
            self.close_connection = True
            return
        stage.ending.wait(0.3 if part == "slow" else random.uniform(0.01, 0.09))  # noqa: S311
        is_out = (time.monotonic() - stage.began) % CYCLE < OUTAGE
        if part == "gone":
            self._answer(410, {"error": "This integration was removed."})
        elif part == "outage" and is_out:
            self._answer(500, {"error": "Internal Server Error", "trace": f"req-{number:05}"})
        elif part == "flaky" and number % 5 == 0:
            self._answer(503, {"error": "Busy, come again."}, ("Retry-After", "3"))
        else:
            self._answer(200, {"accepted": True, "number": 48_000 + number})

    def _answer(self, status: int, body: object, *headers: tuple[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), *headers):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Logs nothing: the console shows what happens."""
