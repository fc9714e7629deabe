"""An authorization server on loopback: oauthlib's token endpoint behind the standard library."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import unquote_plus

from oauthlib.oauth2 import BackendApplicationServer

CLIENT, SECRET = "crm client", "s3cret:/+ü-7f3a"


class TokenServer:
    """Gives tokens to one client; `tokens` are those given, the newest last.

    `reads_body` knows the client by the body alone, as some servers do. While `answers` is not set
    a request waits.
    """

    def __init__(self) -> None:
        self.life, self.reads_body = 3600, False
        self.tokens: list[str] = []
        self.requests = 0
        self.answers = Event()
        self.answers.set()
        self.url = ""
        self._endpoint = BackendApplicationServer(self, token_expires_in=lambda _: self.life)

    def respond(self, headers: Any, body: str) -> tuple[dict[str, str], str, int]:
        """The answer to a request for a token: headers, body and status."""
        self.requests += 1
        self.answers.wait(30)
        found: tuple[dict[str, str], str, int] = self._endpoint.create_token_response(
            "https://login.example/token", "POST", body, dict(headers)
        )
        return found

    def authenticate_client(self, request: Any, *_: Any, **__: Any) -> bool:
        """By Basic, form-encoded within (RFC 6749 section 2.3.1), or by the body."""
        given = request.client_id, request.client_secret
        if not self.reads_body:
            basic = request.headers.get("Authorization", "").removeprefix("Basic ")
            login, _colon, password = base64.b64decode(basic).decode().partition(":")
            given = unquote_plus(login), unquote_plus(password)
        request.client = type("Client", (), {"client_id": given[0]})()
        return bool(given == (CLIENT, SECRET))

    def validate_grant_type(self, _client: str, grant_type: str, *_: Any, **__: Any) -> bool:
        """Only the one."""
        return grant_type == "client_credentials"

    def get_default_scopes(self, *_: Any, **__: Any) -> list[str]:
        """Of requests that name none."""
        return ["events"]

    def validate_scopes(self, _client: str, scopes: list[str], *_: Any, **__: Any) -> bool:
        """Those that there are."""
        return set(scopes) <= {"events", "more"}

    def save_token(self, token: dict[str, Any], *_: Any, **__: Any) -> None:
        """Remembers what is given."""
        self.tokens.append(token["access_token"])


@contextmanager
def token_server() -> Iterator[TokenServer]:
    """A server that listens as long as the block runs."""
    server = TokenServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers, answer, status = server.respond(self.headers, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: Any) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_port}/token"
        thread = Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.answers.set()
            listening.shutdown()
            thread.join()
