"""File descriptors: how many a process may have, and how many of them are for connections."""

import resource

MAX_CONNECTIONS = 500


def raise_to(wanted: int) -> int:
    """Raises the soft RLIMIT_NOFILE to `wanted` where the hard one allows; returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted if soft == resource.RLIM_INFINITY else soft
    soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def connection_limit() -> int:
    """How many clients' connections may be open: half of the file descriptors at most."""
    return min(MAX_CONNECTIONS, raise_to(4 * MAX_CONNECTIONS) // 2)
