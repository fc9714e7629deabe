"""The adapter below `requests`: one request over one connection to a checked address.

`requests` comes with `HTTPAdapter`, which resolves the host a second time, after the guard, and
knows no deadline for an attempt as a whole. This adapter takes its place: it asks the guard,
connects to what the guard has checked, reuses connections, and reads in bounded memory.
"""

import time

from requests import PreparedRequest, Response
from requests import Session as AnySession
from requests.adapters import BaseAdapter

from webhooks_ui.delivery.http.connection import Connection, Dial, Opener
from webhooks_ui.delivery.http.errors import AttemptError, StaleError, about_our_certificate
from webhooks_ui.delivery.http.exchange import exchange, request_head
from webhooks_ui.delivery.http.outcome import OutgoingRequest
from webhooks_ui.delivery.http.pool import Key, Pool
from webhooks_ui.egress.guard import Address, Blocked, Guard
from webhooks_ui.egress.resolver import DnsFailure

MAX_BODY = 65_536  # bytes of a response's body that are kept


class AttemptRequest(PreparedRequest):
    """A prepared request with where it goes, until when, and what is known of it so far.

    Its headers stand in `head`, as they are sent: no adapter of `requests` is to look them up.
    """

    body: bytes

    def __init__(self, request: OutgoingRequest, dial: Dial) -> None:
        super().__init__()
        self.method, self.url, self.body = request.method, dial.target.url, request.body
        self.head = request_head(request.method, dial.target.path, dial.trace.sent)
        self.dial = dial
        self.target, self.deadline, self.trace = dial.target, dial.deadline, dial.trace


class Transport(BaseAdapter):
    """Sends an AttemptRequest and fills in its trace. Thread-safe."""

    def __init__(self, guard: Guard, opener: Opener, pool: Pool) -> None:
        super().__init__()
        self._guard, self._opener, self._pool = guard, opener, pool

    def send(self, request: PreparedRequest, *_args: object, **_options: object) -> Response:
        """Sends an AttemptRequest; the response is in its trace. Raises AttemptError.

        The options of `requests` are ignored: deadline, certificates and limits are fixed, and
        nothing in the environment changes them.
        """
        if not isinstance(request, AttemptRequest):
            raise TypeError("This transport sends an AttemptRequest only.")
        addresses = self._addresses(request)
        try:
            if not self._send_on_kept(request, addresses):
                self._send_on_new(request, addresses)
        except AttemptError as error:
            if not request.dial.tls.certificate:
                raise
            raise about_our_certificate(error) from error
        return Response()

    def _addresses(self, attempt: AttemptRequest) -> tuple[Address, ...]:
        target, start = attempt.target, time.monotonic()
        found = self._guard.addresses(target, attempt.deadline - start)
        if isinstance(found, Blocked):
            attempt.trace.address = found.address or None
            raise AttemptError("blocked_address", found.kind.replace("_", " "))
        if isinstance(found, DnsFailure):
            raise AttemptError("dns_failure", found.detail.replace("_", " "))
        if not target.is_literal_ip:
            attempt.trace.phases["dns"] = time.monotonic() - start
        return found

    def _send_on_kept(self, attempt: AttemptRequest, addresses: tuple[Address, ...]) -> bool:
        """Sends over a kept connection to one of these addresses; false if none works.

        A receiver may close a kept connection at the very moment when it is used again. If that
        happens before the first byte of a response, or the receiver says 408, the request is sent
        again over a new connection. It may arrive twice, which at-least-once delivery allows: both
        have the same webhook-id.
        """
        connection = self._pool.acquire([_key(attempt.dial, a.text) for a in addresses])
        if connection is None:
            return False
        attempt.trace.address, attempt.trace.tls = connection.address, connection.tls
        try:
            self._send_over(connection, attempt)
        except StaleError:
            # The new one may fail before it has facts of its own.
            attempt.trace.address, attempt.trace.tls, attempt.trace.notes = None, None, []
            attempt.trace.phases.pop("first_byte", None)
            return False
        return True

    def _send_on_new(self, attempt: AttemptRequest, addresses: tuple[Address, ...]) -> None:
        target = attempt.target
        try:
            connection = self._opener.open(attempt.dial, addresses)
        except AttemptError:
            self._guard.forget(target.lookup, target.port)  # the receiver may have moved
            raise
        self._send_over(connection, attempt)

    def _send_over(self, connection: Connection, attempt: AttemptRequest) -> None:
        stream = connection.stream
        attempt.trace.notes = list(connection.notes)
        keep_alive = None
        try:
            keep_alive = exchange(
                stream, attempt.head, attempt.body, attempt.deadline, attempt.trace, MAX_BODY
            )
        finally:
            if keep_alive is None:
                stream.close()
        if keep_alive is not None:
            self._pool.release(_key(attempt.dial, connection.address), connection, keep_alive)


class Session(AnySession):
    """A Session that makes attempts."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self.mount("https://", transport)
        self.mount("http://", transport)

    def attempt(self, request: OutgoingRequest, dial: Dial) -> None:
        """Sends a request; what comes of it is in the trace. Raises AttemptError.

        By the adapter alone: redirects, cookies and settings from the environment, which `send`
        adds, are unwanted here.
        """
        self.get_adapter(dial.target.url).send(AttemptRequest(request, dial))


def _key(dial: Dial, address: str) -> Key:
    target = dial.target
    return target.scheme, target.host, target.port, address, dial.tls
