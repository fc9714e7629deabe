"""Connections through the proxy that the setting EGRESS_PROXY names (CONNECT, RFC 9110 9.3.6).

CONNECT is used for plain http too, and it names the address that the guard has checked: a proxy
that is given a URL resolves the name itself, and puts another Host in the place of ours.
"""

import base64
import socket
import time
from collections.abc import Sequence

from webhooks_ui.delivery.http.connecting import Connector
from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.response_head import RawResponse, read_headers, read_status
from webhooks_ui.delivery.http.socket_stream import Stream
from webhooks_ui.egress.guard import Address, Guard
from webhooks_ui.egress.resolver import DnsFailure
from webhooks_ui.settings.addresses import Proxy
from webhooks_ui.text.url_parts import bracketed


class Tunnels:
    """Opens connections through a proxy. Thread-safe. Every failure of it is `unreachable`."""

    def __init__(self, proxy: Proxy, guard: Guard, connector: Connector) -> None:
        self._proxy, self._guard, self._connector = proxy, guard, connector

    def connect(
        self, addresses: Sequence[Address], port: int, deadline: float
    ) -> tuple[socket.socket, Address]:
        """A connection to the first address that the proxy can reach. Raises AttemptError."""
        for others, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
            connected = self._connected(deadline)
            try:
                answer = self._ask(connected, f"{bracketed(address.text)}:{port}", deadline)
            except AttemptError as error:
                connected.close()
                raise AttemptError("unreachable", f"proxy: {error.detail}") from error
            if answer.status // 100 == 2:
                return connected, address
            connected.close()
            if answer.status // 100 != 5 or not others:
                break
        raise AttemptError("unreachable", f"proxy answered {answer.status} {answer.reason}".strip())

    def _connected(self, deadline: float) -> socket.socket:
        host, port = self._proxy.host, self._proxy.port
        found = self._guard.resolve(host, port, deadline - time.monotonic())
        if isinstance(found, DnsFailure):
            raise AttemptError("unreachable", "proxy: its name cannot be resolved")
        try:
            return self._connector.connect((host, port), found, deadline)[0]
        except AttemptError as error:
            raise AttemptError("unreachable", f"proxy: {error.detail}") from error

    def _ask(self, connected: socket.socket, authority: str, deadline: float) -> RawResponse:
        stream = Stream(connected)
        stream.begin(deadline)
        stream.send(_head(self._proxy, authority))
        answer = read_status(stream)
        read_headers(stream, answer)
        if answer.status // 100 == 2 and (not answer.has_whole_head or stream.has_unread()):
            raise AttemptError("unreachable", "it sent more than an answer to CONNECT")
        return answer


def _head(proxy: Proxy, authority: str) -> bytes:
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.login or proxy.password:
        pair = base64.b64encode(f"{proxy.login}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {pair}")
    return "\r\n".join([*lines, "", ""]).encode()
