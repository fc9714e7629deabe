"""Opens connections to checked addresses."""

import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field

from webhooks_ui.delivery.http import tls
from webhooks_ui.delivery.http.errors import connect_error, handshake_error
from webhooks_ui.delivery.http.outcome import TlsFacts
from webhooks_ui.delivery.http.response_head import RawResponse
from webhooks_ui.delivery.http.socket_stream import Stream
from webhooks_ui.egress.guard import Address
from webhooks_ui.egress.target_url import Target

# Seconds for connecting to an address while there is another one to try.
_ADDRESS_TIMEOUT = 3.0
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

    def open(
        self, target: Target, addresses: tuple[Address, ...], deadline: float, trace: Trace
    ) -> Connection:
        """A connection to the first address that accepts one. Raises AttemptError."""
        start = time.monotonic()
        connected, address = _first_connected(target.port, addresses, deadline, trace)
        opened_at = time.monotonic()
        trace.phases["connect"] = opened_at - start
        if target.scheme == "https":
            connected = self._secured(connected, target, address, deadline, trace)
            trace.phases["tls"] = time.monotonic() - opened_at
        return Connection(Stream(connected), address.text, trace.tls, opened_at)

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
        with suppress(OSError):
            timeout = min(_left(deadline), _CERTIFICATE_TIMEOUT)
            connected = _connected(address, target.port, timeout)
            timeout = min(_left(deadline), _CERTIFICATE_TIMEOUT)
            with tls.secure(connected, self._unverified, target.host, timeout) as secured:
                return tls.facts(secured)
        return None


def _first_connected(
    port: int, addresses: tuple[Address, ...], deadline: float, trace: Trace
) -> tuple[socket.socket, Address]:
    for others in range(len(addresses) - 1, -1, -1):
        address = addresses[-1 - others]
        trace.address = address.text
        left = _left(deadline)
        timeout = min(left / 2, _ADDRESS_TIMEOUT) if others else left
        try:
            return _connected(address, port, timeout), address
        except OSError as error:
            failure = connect_error(error)
    raise failure


def _connected(address: Address, port: int, timeout: float) -> socket.socket:
    connecting = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        connecting.settimeout(timeout)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connecting.connect((address.text, port))
    except BaseException:
        connecting.close()
        raise
    return connecting


def _left(deadline: float) -> float:
    """The seconds left, but never 0, which would make a socket non-blocking."""
    return max(deadline - time.monotonic(), 0.001)
