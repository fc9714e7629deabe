"""JSON read strictly, with the exact bytes of each member kept.

Numbers such as 12345678901234567890 and 1.50 must come out as they came in, so what is passed on is
never parsed and written anew. Stricter than RFC 8259 asks for: no NaN, no duplicate names, no lone
surrogates, nothing deeper than `MAX_DEPTH`.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

MAX_DEPTH = 100
_SPACE = re.compile(r"[ \t\n\r]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # only escapes can make one: the text is UTF-8
# A text that never ends is one token too: else each quotation mark in it would look for its end.
_TEXT = r'"(?s:[^"\\]|\\.)*+"?'
_TOKENS = re.compile(_TEXT + r'|[\[\]{},:]|[^\s\[\]{},:"]+')
_BRACKETS = re.compile(_TEXT + r"|[\[\]{}]")


class JsonError(ValueError):
    """Text that is not the JSON we take. `message` says what is wrong and where."""

    def __init__(self, message: LazyString) -> None:
        super().__init__(str(message))
        self.message = message


class Number(str):
    """A number as it is written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: its value, and its bytes as they came."""

    value: Any
    raw: bytes


def members(data: bytes) -> dict[str, Member]:
    """The members of a JSON object. Raises `JsonError`."""
    text = _decoded(data)
    found: dict[str, Member] = {}
    _parsed(text)
    at = _skip(text, 0)
    if text[at] != "{":
        raise JsonError(_l("A JSON object was expected: { … }."))
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = json.JSONDecoder().raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)  # behind the colon
        value, at = _DECODER.raw_decode(text, start)
        found[name] = Member(value, text[start:at].encode())
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def items(data: bytes) -> list[bytes]:
    """The elements of a JSON array, each as its bytes. Raises `JsonError`."""
    text = _decoded(data)
    _parsed(text)
    found: list[bytes] = []
    at = _skip(text, 0)
    if text[at] != "[":
        raise JsonError(_l("A JSON array was expected: [ … ]."))
    at = _skip(text, at + 1)
    while text[at] != "]":
        _value, end = _DECODER.raw_decode(text, at)
        found.append(text[at:end].encode())
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _decoded(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise JsonError(_l("The text is not UTF-8: look at byte %(at)s.", at=error.start)) from None
    if text.startswith("\ufeff"):
        raise JsonError(_l("The text begins with a byte order mark. Leave it out."))
    _check_depth(text)
    return text


def _check_depth(text: str) -> None:
    depth = 0
    for match in _BRACKETS.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise JsonError(_l("The data is nested too deeply."))
        elif match[0] in "]}":
            depth -= 1


def _parsed(text: str) -> None:
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JsonError(
            _l(
                "This is not JSON: look at line %(line)s, column %(column)s.",
                line=error.lineno,
                column=error.colno,
            )
        ) from None
    if _SURROGATE.search(text):
        _check_texts(value)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            shown = name[:100].encode(errors="replace").decode()
            raise JsonError(_l("The name “%(name)s” stands twice in an object.", name=shown))
        found[name] = value
    return found


def _check_texts(value: Any) -> None:
    """Halves of surrogate pairs cannot be written as UTF-8, wherever they stand."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise JsonError(_l("A text holds half of a surrogate pair (\\ud800–\\udfff).")) from None


def _refuse(name: str) -> NoReturn:
    raise JsonError(_l("JSON has no %(name)s.", name=name))


# Python refuses to parse an integer of more than 4,300 digits, and none is computed with.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_refuse, parse_int=Number, parse_float=Number
)


def pretty(data: bytes) -> str:
    """JSON set out in lines for people, every number and text as it is written.

    What is not JSON comes out as it is.
    """
    text, found, depth = data.decode(errors="replace"), [], 0
    for match in _TOKENS.finditer(text):
        piece = match[0]
        if piece in "{[":
            depth += 1
            found.append(f"{piece}{_line(depth)}")
        elif piece in "}]":
            depth -= 1
            empty = found and found[-1].rstrip() in ("{", "[")
            found.append(f"{found.pop().rstrip()}{piece}" if empty else f"{_line(depth)}{piece}")
        elif piece == ",":
            found.append(f",{_line(depth)}")
        else:
            found.append(": " if piece == ":" else piece)
    return "".join(found)


def _line(depth: int) -> str:
    return "\n" + "  " * max(depth, 0)
