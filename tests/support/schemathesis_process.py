"""schemathesis' own command line, kept from a fault of CPython 3.11 that has nothing to do with us.

Until 3.11.8 all threads of an interpreter share the count that guards `ast.parse` against deep
nesting: two at once, or a garbage collection that lets another thread in, end in "SystemError: AST
constructor recursion depth mismatch" (github.com/python/cpython/issues/106905). Hypothesis parses
lambdas while schemathesis' threads run, so here one parses at a time, without collections.
"""

import ast
import gc
from threading import RLock
from typing import Any

from schemathesis.cli import schemathesis

_parse: Any = ast.parse
_one_at_a_time = RLock()


def parse_alone(*source: Any, **options: Any) -> Any:
    """`ast.parse`, one thread at a time."""
    with _one_at_a_time:
        collecting = gc.isenabled()
        gc.disable()
        try:
            return _parse(*source, **options)
        finally:
            if collecting:
                gc.enable()


if __name__ == "__main__":
    ast.parse = parse_alone
    schemathesis()
