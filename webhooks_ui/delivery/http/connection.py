"""Opens connections to checked addresses."""

import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from webhooks_ui.delivery.http import tls
from webhooks_ui.delivery.http.connecting import ConnectError, Connector
from webhooks_ui.delivery.http.errors import AttemptError, handshake_error
from webhooks_ui.delivery.http.outcome import TlsFacts
from webhooks_ui.delivery.http.response_head import RawResponse
from webhooks_ui.delivery.http.socket_stream import Stream
from webhooks_ui.delivery.http.tunnel import Tunnels
from webhooks_ui.egress.guard import Address, Guard
from webhooks_ui.egress.target_url import Target
from webhooks_ui.egress.tls_options import TlsOptions
from webhooks_ui.settings.addresses import Proxy

# Seconds for reading a certificate that was refused.
_CERTIFICATE_TIMEOUT = 2.0
VIA_PROXY, UNVERIFIED = "via_proxy", "unverified"


@dataclass(slots=True)
class Trace:
    """What is known of an attempt so far. `phases` are durations in seconds.

    `sent` has the headers as they go out; it is empty for a URL that is refused.
    """

    sent: Sequence[tuple[str, str]] = ()
    phases: dict[str, float] = field(default_factory=dict)
    address: str | None = None
    tls: TlsFacts | None = None
    response: RawResponse | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Connection:
    """An open connection; `notes` are those of Outcome. Times are those of time.monotonic."""

    stream: Stream
    address: str
    tls: TlsFacts | None
    opened_at: float
    notes: tuple[str, ...]
    idle_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Dial:
    """What a connection is opened for: where to, how TLS is made, until when (time.monotonic)."""

    target: Target
    tls: TlsOptions
    deadline: float
    trace: Trace


class Opener:
    """Opens connections, those with TLS by shared contexts. Thread-safe.

    `ca_file` is that of `tls.client_context`. With a proxy, all but addresses of this machine
    (127.0.0.0/8, ::1) are reached through it: there they are the proxy's own.
    """

    def __init__(self, ca_file: str | None, guard: Guard, proxy: Proxy | None = None) -> None:
        self._ca_file = ca_file
        self._connector = Connector()
        self._tunnels = Tunnels(proxy, guard, self._connector) if proxy else None

    def open(self, dial: Dial, addresses: tuple[Address, ...]) -> Connection:
        """A connection to the first address that accepts one. Raises AttemptError."""
        context = self._context(dial) if dial.target.scheme == "https" else None
        start = time.monotonic()
        connected, address = self._connected(dial, addresses)
        opened_at = time.monotonic()
        dial.trace.address, dial.trace.phases["connect"] = address.text, opened_at - start
        if context:
            connected = self._secured(connected, context, dial, address)
            dial.trace.phases["tls"] = time.monotonic() - opened_at
            if not dial.tls.verify:
                dial.trace.notes.append(UNVERIFIED)
        notes = tuple(dial.trace.notes)
        return Connection(Stream(connected), address.text, dial.trace.tls, opened_at, notes)

    def _context(self, dial: Dial) -> ssl.SSLContext:
        try:
            checks_host = "_" not in dial.target.host
            return tls.client_context(self._ca_file, dial.tls, checks_host=checks_host)
        except OSError as error:  # what was stored under another version of OpenSSL
            raise handshake_error(error) from error

    def _connected(
        self, dial: Dial, addresses: tuple[Address, ...]
    ) -> tuple[socket.socket, Address]:
        host = dial.target.host, dial.target.port
        dial.trace.address, dial.trace.notes = addresses[0].text, []
        outside = [one for one in addresses if not ip_address(one.text).is_loopback]
        if self._tunnels and outside:
            dial.trace.address, dial.trace.notes = outside[0].text, [VIA_PROXY]
            return self._tunnels.connect(outside, dial.target.port, dial.deadline)
        try:
            return self._connector.connect(host, addresses, dial.deadline)
        except ConnectError as error:
            dial.trace.address = error.address.text
            raise

    def _secured(
        self, connected: socket.socket, context: ssl.SSLContext, dial: Dial, address: Address
    ) -> ssl.SSLSocket:
        try:
            secured = tls.secure(connected, context, dial.target.host, _left(dial.deadline))
        except OSError as error:
            if isinstance(error, ssl.SSLCertVerificationError):
                dial.trace.tls = self._refused_certificate(dial, address)
            raise handshake_error(error) from error
        dial.trace.tls = tls.facts(secured)
        return secured

    def _refused_certificate(self, dial: Dial, address: Address) -> TlsFacts | None:
        """The facts of a certificate that was refused, for people to see what is wrong with it.

        OpenSSL does not tell them. They take a second connection, over which nothing is sent.
        """
        deadline = min(dial.deadline, time.monotonic() + _CERTIFICATE_TIMEOUT)
        second = Dial(dial.target, replace(dial.tls, verify=False), deadline, Trace())
        with suppress(OSError, AttemptError):
            context = self._context(second)
            connected, _ = self._connected(second, (address,))
            timeout = _left(deadline)
            with tls.secure(connected, context, dial.target.host, timeout) as secured:
                return tls.facts(secured)
        return None


def _left(deadline: float) -> float:
    """The seconds left, but never 0, which would make a socket non-blocking."""
    return max(deadline - time.monotonic(), 0.001)
