"""Opens connections to checked addresses."""

import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field

from webhooks_ui.delivery.http import tls
from webhooks_ui.delivery.http.connecting import ConnectError, Connector, connect
from webhooks_ui.delivery.http.errors import handshake_error
from webhooks_ui.delivery.http.outcome import TlsFacts
from webhooks_ui.delivery.http.response_head import RawResponse
from webhooks_ui.delivery.http.socket_stream import Stream
from webhooks_ui.egress.guard import Address
from webhooks_ui.egress.target_url import Target

# Seconds for reading a certificate that was refused.
_CERTIFICATE_TIMEOUT = 2.0


@dataclass(slots=True)
class Trace:
    """What is known of an attempt so far. `phases` are durations in seconds."""

    phases: dict[str, float] = field(default_factory=dict)
    address: str | None = None
    tls: TlsFacts | None = None
    response: RawResponse | None = None


@dataclass(slots=True, eq=False)
class Connection:
    """An open connection. Times are those of time.monotonic."""

    stream: Stream
    address: str
    tls: TlsFacts | None
    opened_at: float
    idle_until: float = 0.0


class Opener:
    """Opens connections, those with TLS by shared contexts. Thread-safe.

    `ca_file` is that of `tls.client_context`.
    """

    def __init__(self, ca_file: str | None) -> None:
        self._context = tls.client_context(ca_file)
        self._for_underscores = tls.client_context(ca_file, checks_host=False)
        self._unverified = tls.unverified_context()
        self._connector = Connector()

    def open(
        self, target: Target, addresses: tuple[Address, ...], deadline: float, trace: Trace
    ) -> Connection:
        """A connection to the first address that accepts one. Raises AttemptError."""
        start = time.monotonic()
        connected, address = self._connected(target, addresses, deadline, trace)
        opened_at = time.monotonic()
        trace.phases["connect"] = opened_at - start
        if target.scheme == "https":
            connected = self._secured(connected, target, address, deadline, trace)
            trace.phases["tls"] = time.monotonic() - opened_at
        return Connection(Stream(connected), address.text, trace.tls, opened_at)

    def _connected(
        self, target: Target, addresses: tuple[Address, ...], deadline: float, trace: Trace
    ) -> tuple[socket.socket, Address]:
        try:
            found = self._connector.connect((target.host, target.port), addresses, deadline)
        except ConnectError as error:
            trace.address = error.address.text
            raise
        trace.address = found[1].text
        return found

    def _secured(
        self,
        connected: socket.socket,
        target: Target,
        address: Address,
        deadline: float,
        trace: Trace,
    ) -> ssl.SSLSocket:
        try:
            context = self._for_underscores if "_" in target.host else self._context
            secured = tls.secure(connected, context, target.host, _left(deadline))
        except OSError as error:
            if isinstance(error, ssl.SSLCertVerificationError):
                trace.tls = self._refused_certificate(target, address, deadline)
            raise handshake_error(error) from error
        trace.tls = tls.facts(secured)
        return secured

    def _refused_certificate(
        self, target: Target, address: Address, deadline: float
    ) -> TlsFacts | None:
        """The facts of a certificate that was refused, for people to see what is wrong with it.

        OpenSSL does not tell them. They take a second connection, over which nothing is sent.
        """
        deadline = min(deadline, time.monotonic() + _CERTIFICATE_TIMEOUT)
        with suppress(OSError, ConnectError):
            connected, _ = connect([address], target.port, deadline)
            timeout = _left(deadline)
            with tls.secure(connected, self._unverified, target.host, timeout) as secured:
                return tls.facts(secured)
        return None


def _left(deadline: float) -> float:
    """The seconds left, but never 0, which would make a socket non-blocking."""
    return max(deadline - time.monotonic(), 0.001)
