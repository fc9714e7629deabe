"""The transport adapter of ours below `requests`: one POST over one checked connection.

Everything that makes an attempt safe lives here and below: the guard, the pinned address, the
deadline over all of it, reading in bounded memory. It also is what makes an attempt quick.
"""

import time
from collections.abc import Mapping

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from webhooks_ui.delivery.http.connection import Connection, Opener, Trace
from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.exchange import exchange, serialised
from webhooks_ui.delivery.http.outcome import OutgoingRequest
from webhooks_ui.delivery.http.pool import Key, Pool
from webhooks_ui.egress.guard import Address, Blocked, DnsFailure, Guard
from webhooks_ui.egress.target_url import Target

_OURS = frozenset(["accept-encoding", "connection", "content-length", "host", "transfer-encoding"])


def wire_headers(request: OutgoingRequest, target: Target) -> list[tuple[str, str]]:
    """All headers as they are sent: those given, and those that belong to the connection.

    No compression is asked for: what is kept of an answer is small, and spared the unpacking.
    """
    return [
        ("Host", target.authority),
        *(pair for pair in request.headers if pair[0].lower() not in _OURS),
        ("Accept-Encoding", "identity"),
        ("Content-Length", str(len(request.body))),
    ]


class Attempt(PreparedRequest):
    """A request on its way: where to, until when (time.monotonic), and what was found out."""

    def __init__(
        self, request: OutgoingRequest, target: Target, deadline: float, trace: Trace
    ) -> None:
        super().__init__()
        self.method = "POST"
        self.url = target.url
        self.headers = CaseInsensitiveDict(wire_headers(request, target))
        self.body = self.content = request.body
        self.target = target
        self.deadline = deadline
        self.trace = trace


class Transport(BaseAdapter):
    """Sends an Attempt and fills its trace in. Thread-safe."""

    def __init__(self, guard: Guard, opener: Opener, pool: Pool, body_limit: int) -> None:
        super().__init__()
        self._guard, self._opener, self._pool = guard, opener, pool
        self._body_limit = body_limit

    def close(self) -> None:
        """Closes the connections that are kept."""
        self._pool.close()

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: object = True,
        cert: object = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """The answer to an Attempt, its body already read. Raises AttemptError.

        Everything but the request is ignored: deadline, certificates and limits are fixed, and
        nothing in the environment changes them.
        """
        if not isinstance(request, Attempt):
            raise TypeError("This transport sends attempts only.")
        head = serialised(request.target.path, request.headers.items())
        addresses = self._addresses(request)
        if not self._send_on_kept(request, addresses, head):
            self._send_on_new(request, addresses, head)
        return _response(request)

    def _addresses(self, attempt: Attempt) -> tuple[Address, ...]:
        target, start = attempt.target, time.monotonic()
        found = self._guard.addresses(target, attempt.deadline - start)
        if isinstance(found, Blocked):
            attempt.trace.address = found.address
            raise AttemptError("blocked_address", found.kind.replace("_", " "))
        if isinstance(found, DnsFailure):
            raise AttemptError("dns_failure", found.detail.replace("_", " "))
        if not target.is_literal_ip:
            attempt.trace.phases["dns"] = time.monotonic() - start
        return found

    def _send_on_kept(self, attempt: Attempt, addresses: tuple[Address, ...], head: bytes) -> bool:
        """Sends over a connection used before; false if there is none, or none that works.

        Only those to an address of the answer that was just checked are used.

        A receiver may close a kept connection at the very moment it is used again. If that happens
        before any byte of an answer, the request is sent once more, over a new connection. It may
        thereby arrive twice, which at-least-once delivery allows: both bear the same webhook-id.
        """
        connection = self._pool.take([_key(attempt.target, a.text) for a in addresses])
        if connection is None:
            return False
        attempt.trace.address, attempt.trace.tls = connection.address, connection.tls
        try:
            self._send_over(connection, attempt, head)
        except AttemptError as error:
            if error.code == "connection_reset" and not connection.stream.received:
                return False
            raise
        return True

    def _send_on_new(self, attempt: Attempt, addresses: tuple[Address, ...], head: bytes) -> None:
        target = attempt.target
        try:
            connection = self._opener.open(target, addresses, attempt.deadline, attempt.trace)
        except AttemptError:
            self._guard.forget(target.host, target.port)  # the receiver may have moved
            raise
        self._send_over(connection, attempt, head)

    def _send_over(self, connection: Connection, attempt: Attempt, head: bytes) -> None:
        kept_for = None
        try:
            kept_for = exchange(
                connection.stream,
                head,
                attempt.content,
                attempt.deadline,
                attempt.trace,
                self._body_limit,
            )
        finally:
            if kept_for is None:
                connection.stream.close()
        if kept_for is not None:
            self._pool.give(_key(attempt.target, connection.address), connection, kept_for)


def _key(target: Target, address: str) -> Key:
    return target.scheme, target.host, target.port, address


def _response(attempt: Attempt) -> Response:
    """What `requests` wants to see; its `raw` has the whole answer."""
    answer = attempt.trace.answer
    response = Response()
    response.request, response.url, response.raw = attempt, attempt.target.url, answer
    if answer is not None:
        response.status_code, response.reason = answer.status, answer.reason
        response.headers = CaseInsensitiveDict(answer.headers)
    return response
