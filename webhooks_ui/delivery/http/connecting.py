"""Connects to the first of several addresses that answers (Happy Eyeballs, RFC 8305)."""

import errno
import math
import os
import select
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain, zip_longest

from webhooks_ui.delivery.http.errors import AttemptError, connect_error
from webhooks_ui.egress.guard import Address

DELAY = 0.25
"""Seconds before the next address is tried beside those that have not answered (section 5)."""
_MAX_ADDRESSES = 8  # addresses of one answer that are tried
_REMEMBERED_FOR = 600.0  # seconds
_MAX_REMEMBERED = 4096

Host = tuple[str, int]  # name and port


class ConnectError(AttemptError):
    """No address could be connected to; `address` is the one that the code and detail are about."""

    def __init__(self, error: OSError, address: Address) -> None:
        made = connect_error(error)
        super().__init__(made.code, made.detail)
        self.address = address


class Connector:
    """Opens TCP connections. Thread-safe.

    The address that answered first is remembered for ten minutes and tried first: a host whose IPv6
    is silent costs the delay once, not with each connection.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._remembered: OrderedDict[Host, tuple[float, Address]] = OrderedDict()

    def connect(
        self, host: Host, addresses: Sequence[Address], deadline: float
    ) -> tuple[socket.socket, Address]:
        """A connection to one of the addresses of a host. Raises ConnectError."""
        if len(addresses) == 1:
            return connect(addresses, host[1], deadline)
        until, best = self._remembered.get(host, (0.0, addresses[0]))
        if best in addresses and until > self._clock():
            addresses = [best, *(one for one in addresses if one != best)]
        connected, address = connect(addresses, host[1], deadline)
        self._remembered[host] = self._clock() + _REMEMBERED_FOR, address
        if len(self._remembered) > _MAX_REMEMBERED:
            with suppress(KeyError):  # other threads forget, too
                self._remembered.popitem(last=False)
        return connected, address


def connect(
    addresses: Sequence[Address], port: int, deadline: float
) -> tuple[socket.socket, Address]:
    """A connection to the first address that accepts one before the deadline.

    An address gets `DELAY` seconds before the next one is tried beside it, IPv6 and IPv4 in turn;
    one that fails is followed at once. Raises ConnectError.
    """
    race = _Race(port)
    waiting = list(reversed(_interleaved(addresses)[:_MAX_ADDRESSES]))
    try:
        while waiting or race.under_way:
            if waiting:
                race.start(waiting.pop())
            left = max(deadline - time.monotonic(), 0.0)
            if winner := race.wait(min(DELAY, left) if waiting else left):
                return winner
            if time.monotonic() >= deadline:
                race.give_up()
    finally:
        race.close()
    raise race.failure


class _Race:
    """Connections under way to one port, of which the first that is made wins."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._poll = select.poll()
        self.under_way: dict[int, tuple[socket.socket, Address]] = {}
        self.failure = ConnectError(TimeoutError(), Address("", socket.AF_INET))

    def start(self, address: Address) -> None:
        connecting = None
        try:
            connecting = begin(address, self._port)
        except OSError as error:
            self.failure = ConnectError(error, address)
            return
        self.under_way[connecting.fileno()] = connecting, address
        self._poll.register(connecting, select.POLLOUT)

    def wait(self, seconds: float) -> tuple[socket.socket, Address] | None:
        """The first connection made; None once one failed, or after so many seconds."""
        if not self.under_way:
            return None
        for number, _ in self._poll.poll(math.ceil(seconds * 1000)):
            self._poll.unregister(number)
            connecting, address = self.under_way.pop(number)
            code = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not code:
                return connecting, address
            connecting.close()
            self.failure = ConnectError(OSError(code, os.strerror(code)), address)
        return None

    def give_up(self) -> None:
        """The first of those that have not answered is the one to name. Raises ConnectError."""
        silent = next((address for _, address in self.under_way.values()), None)
        raise ConnectError(TimeoutError(), silent) if silent else self.failure

    def close(self) -> None:
        for connecting, _ in self.under_way.values():
            connecting.close()


def begin(address: Address, port: int) -> socket.socket:
    """A socket that is being connected. Raises OSError."""
    connecting = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = connecting.connect_ex((address.text, port))
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, os.strerror(code))
    except BaseException:
        connecting.close()
        raise
    return connecting


def _interleaved(addresses: Sequence[Address]) -> list[Address]:
    """The families in turn, that of the first address first (RFC 8305 section 4)."""
    first = [one for one in addresses if one.family == addresses[0].family]
    others = [one for one in addresses if one.family != addresses[0].family]
    return [one for one in chain(*zip_longest(first, others)) if one is not None]
