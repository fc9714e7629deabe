"""The paths of a JSON value, as filters write them."""

import json
import re
from collections.abc import Iterator
from typing import Any

MOST = 150
_DEPTH = 6
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def paths(value: Any, before: str = "", depth: int = _DEPTH) -> Iterator[str]:
    """The path of every scalar in an object; of lists, that of all elements."""
    if isinstance(value, dict) and depth:
        for name, inner in value.items():
            part = name if _PLAIN.fullmatch(name) else _quoted(name)
            yield from paths(inner, f"{before}.{part}" if before else part, depth - 1)
    elif isinstance(value, list):
        yield from paths(value[0] if value else None, f"{before}[]", depth)
    elif before:
        yield before


def _quoted(name: str) -> str:
    # In ASCII where a character is invisible: half of a surrogate pair has no UTF-8.
    return json.dumps(name, ensure_ascii=not name.isprintable())
