"""How deeply JSON is nested."""

import re
from array import array
from itertools import accumulate

MAX_DEPTH = 100
# An unterminated string is one token too: otherwise each quote in it would search for its end.
STRING = r'"(?s:[^"\\]|\\.)*+"?'

_STRINGS = re.compile(rf"(?:{STRING}[^\"\[\]{{}}]*+)++".encode())
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # into and out of a level, as signed bytes
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def is_too_deep(text: str, start: int, end: int) -> bool:
    """Whether the JSON value that stands there is nested deeper than `MAX_DEPTH`."""
    if text.count("[", start, end) + text.count("{", start, end) <= MAX_DEPTH:
        return False
    brackets = _STRINGS.sub(b"", text[start:end].encode()).translate(_STEPS, _NO_BRACKETS)
    return max(accumulate(array("b", brackets)), default=0) > MAX_DEPTH
