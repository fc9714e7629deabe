"""A mail server on 127.0.0.1 that keeps what it is given; RFC 5321 as far as a client needs it."""

import base64
import email
import email.policy
import socketserver
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import Self


@dataclass
class Delivered:
    """One message, who it was for, and how it came."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    tls: bool
    login: str | None


@dataclass
class MailServer:
    """Serves in a thread. With a `certificate` it offers STARTTLS, or `tls` from the start.

    `refusal` is answered to every recipient, such as ``451 4.7.1 later``.
    """

    certificate: Path | None = None
    tls: bool = False
    refusal: str = ""
    messages: list[Delivered] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._came = Condition()
        self.context: ssl.SSLContext | None = None
        if self.certificate:
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(self.certificate)
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.mail = self
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)

    def keep(self, delivered: Delivered) -> None:
        """Takes a message."""
        with self._came:
            self.messages.append(delivered)
            self._came.notify_all()

    def wait(self, count: int = 1, timeout: float = 10.0) -> list[Delivered]:
        """Every message, once there are `count`."""
        with self._came:
            came = self._came.wait_for(lambda: len(self.messages) >= count, timeout)
            assert came, f"{len(self.messages)} of {count} messages within {timeout:g} s"
            return list(self.messages)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    mail: MailServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off, as one that trusts no certificate does, is no news."""


class _Session(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._login: str | None = None
        self._is_tls = False
        if self.server.mail.tls:
            self._start_tls()
        self._begin()
        self._say("220 mail.example ready")
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            answer = getattr(self, f"_{verb.lower()}", None)
            self._say(answer(rest) if answer else "502 not known")
            if verb.upper() == "STARTTLS":
                self._start_tls()
                self._begin()
            if verb.upper() == "QUIT":
                return

    def finish(self) -> None:
        super().finish()
        self.request.close()  # the server closes the socket that TLS took the place of

    def _begin(self) -> None:
        self._sender, self._recipients = "", list[str]()

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def _start_tls(self) -> None:
        assert self.server.mail.context
        self.rfile.close()
        self.request = self.server.mail.context.wrap_socket(self.request, server_side=True)
        self.rfile = self.request.makefile("rb")
        self.wfile = socketserver._SocketWriter(self.request)  # type: ignore[attr-defined]
        self._is_tls = True

    def _ehlo(self, _rest: str) -> str:
        offered = ["mail.example", "SIZE 10000000"]
        if self.server.mail.context and not self._is_tls:
            offered.append("STARTTLS")
        if self._is_tls or not self.server.mail.context:
            offered.append("AUTH PLAIN")
        lines = [f"250-{line}" for line in offered[:-1]] + [f"250 {offered[-1]}"]
        return "\r\n".join(lines)

    def _starttls(self, _rest: str) -> str:
        return "220 go on"

    def _auth(self, rest: str) -> str:
        self._login = base64.b64decode(rest.partition(" ")[2]).decode().replace("\0", ":")[1:]
        return "235 welcome"

    def _mail(self, rest: str) -> str:
        self._sender = rest.partition("<")[2].partition(">")[0]
        return "250 ok"

    def _rcpt(self, rest: str) -> str:
        if self.server.mail.refusal:
            return self.server.mail.refusal
        self._recipients.append(rest.partition("<")[2].partition(">")[0])
        return "250 ok"

    def _data(self, _rest: str) -> str:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        kept = Delivered(self._sender, self._recipients, message, self._is_tls, self._login)
        self.server.mail.keep(kept)
        return "250 taken"

    def _rset(self, _rest: str) -> str:
        self._begin()
        return "250 ok"

    def _quit(self, _rest: str) -> str:
        return "221 bye"
