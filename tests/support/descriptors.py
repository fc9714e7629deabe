"""A process that has many files open."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

SELECTED = 1024  # FD_SETSIZE: what `select` knows of


@contextmanager
def many_open() -> Iterator[None]:
    """What is opened meanwhile has a number that `select` refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * SELECTED), hard))
    taken = [os.open(os.devnull, os.O_RDONLY)]
    try:
        while taken[-1] < SELECTED:
            taken.append(os.dup(taken[0]))
        yield
    finally:
        for one in taken:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
