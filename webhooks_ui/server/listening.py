"""Listening sockets, and the addresses that they are reached at."""

import os
import socket

from webhooks_ui.text.url_parts import local_url


class AddressError(Exception):
    """It cannot listen there; the text is one line for the operator."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, `::` for IPv4 too; raises `AddressError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((host, port), family=family, backlog=1024, dualstack_ipv6=both)
    except OSError as error:
        # create_server adds words of its own to the system's; a failed look-up has no such number.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise AddressError(f"Cannot listen on {host} port {port}: {reason}.") from None


def address(listening: socket.socket) -> str:
    """The address of a listening socket, as a browser on this machine reaches it."""
    host, port = listening.getsockname()[:2]
    return local_url(host, port)
