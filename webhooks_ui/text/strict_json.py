"""The program's one JSON parser and pretty printer: strict, bounded, and true to the bytes.

Numbers such as 12345678901234567890 and 1.50 must come out as they came in, so what is passed on or
shown is never parsed and written anew. Stricter than RFC 8259 asks for: no NaN, no duplicate names,
no lone surrogates, nothing nested deeper than `MAX_DEPTH`.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

MAX_DEPTH = 100
MAX_PRETTY = 262_144  # characters that `pretty` makes of JSON at most

_SPACE = re.compile(r"[ \t\n\r]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # only escapes can make one: the text is UTF-8
# An unterminated string is one token too: otherwise each quote in it would search for its end.
_STRING = r'"(?s:[^"\\]|\\.)*+"?'
_BRACKETS = re.compile(_STRING + r"|[\[\]{}]")
_TOKENS = re.compile(_STRING + r'|\[\s*+\]|\{\s*+\}|[\[\]{},:]|[^\s\[\]{},:"]+')


class JsonError(ValueError):
    """Text that is refused. `message` says what is wrong and where."""

    def __init__(self, message: LazyString) -> None:
        super().__init__(str(message))
        self.message = message


class Number(str):
    """A number as it is written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Member:
    """The value of an object's member, parsed, and its bytes as they came in."""

    value: Any
    raw: bytes


def members(data: bytes) -> dict[str, Member]:
    """The members of a JSON object. Raises `JsonError`."""
    text, at = _opened(data, "{", _l("A JSON object was expected: { … }."))
    found: dict[str, Member] = {}
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)  # past the colon
        value, end = _DECODER.raw_decode(text, start)
        found[name] = Member(value, text[start:end].encode())
        at = _next(text, end)
    return found


def items(data: bytes) -> list[bytes]:
    """The elements of a JSON array, each as its bytes. Raises `JsonError`."""
    text, at = _opened(data, "[", _l("A JSON array was expected: [ … ]."))
    found: list[bytes] = []
    while text[at] != "]":
        _value, end = _DECODER.raw_decode(text, at)
        found.append(text[at:end].encode())
        at = _next(text, end)
    return found


def pretty(data: bytes) -> str:
    """A JSON object or array, indented for people; numbers and strings stay as they are written.

    Only for showing, so duplicate names are kept. Everything else is returned as it came: text that
    is not JSON, JSON deeper than `MAX_DEPTH`, and JSON that would take more than `MAX_PRETTY`
    characters.
    """
    text = data.decode(errors="replace")
    if len(text) > MAX_PRETTY or not text.lstrip().startswith(("{", "[")):
        return text
    if (indented := _indented(text)) is None:
        return text
    try:
        _LENIENT.decode(text)
    except ValueError:
        return text
    return indented


def _indented(text: str) -> str | None:
    """The tokens of the text on indented lines; None beyond one of the limits."""
    pieces: list[str] = []
    depth = length = 0
    for match in _TOKENS.finditer(text):
        piece = match[0]
        if piece in "{[":
            depth += 1
            piece += "\n" + "  " * depth
        elif piece[0] in "{[":
            piece = piece[0] + piece[-1]  # empty, whatever space there is between the brackets
        elif piece in "}]":
            depth -= 1
            piece = "\n" + "  " * depth + piece
        elif piece == ",":
            piece += "\n" + "  " * depth
        elif piece == ":":
            piece = ": "
        length += len(piece)
        if depth > MAX_DEPTH or length > MAX_PRETTY:
            return None
        pieces.append(piece)
    return "".join(pieces)


def _opened(data: bytes, bracket: str, otherwise: LazyString) -> tuple[str, int]:
    """The checked text, and where its first element starts; `otherwise` refuses another value."""
    text = _decoded(data)
    _check_depth(text)
    _check(text)
    at = _skip(text, 0)
    if text[at] != bracket:
        raise JsonError(otherwise)
    return text, _skip(text, at + 1)


def _next(text: str, end: int) -> int:
    """Where the next element starts, or the closing bracket stands, after one that ends here."""
    at = _skip(text, end)
    return _skip(text, at + 1) if text[at] == "," else at


def _decoded(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise JsonError(_l("The text is not UTF-8: look at byte %(at)s.", at=error.start)) from None
    if text.startswith("\ufeff"):
        raise JsonError(_l("The text begins with a byte order mark. Leave it out."))
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


def _check(text: str) -> None:
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
    """Half of a surrogate pair cannot be encoded as UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise JsonError(_l("A text holds half of a surrogate pair (\\ud800–\\udfff).")) from None


def _refuse(name: str) -> NoReturn:
    raise JsonError(_l("JSON has no %(name)s.", name=name))


# Python refuses to parse integers of more than 4,300 digits, and nobody computes with them.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_refuse, parse_int=Number, parse_float=Number
)
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str)
