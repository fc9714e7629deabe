"""What the JSON reader is made of: its errors, numbers as they are written, Python's scanner."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from flask_babel.speaklater import LazyString

Scan: TypeAlias = Callable[[str, int], tuple[Any, int]]


class JsonError(ValueError):
    """Text that is refused. `message` says what is wrong and where."""

    def __init__(self, message: LazyString) -> None:
        super().__init__(str(message))
        self.message = message


class FaultError(JsonError):
    """A fault behind which the text can be read on, such as a name that stands twice."""


class TooLongError(JsonError):
    """A value that is longer than the reader reads at once."""


class Number(str):
    """A number as it is written."""

    __slots__ = ()


def decoder(pairs: Any, constant: Any, number: Any) -> Scan:
    """Python's scanner with these hooks."""
    made: Any = json.JSONDecoder(
        object_pairs_hook=pairs, parse_constant=constant, parse_int=number, parse_float=number
    )
    return cast("Scan", made.scan_once)
