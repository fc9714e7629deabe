"""JSON for people: indented or in colours, its values as they are written, and bounded."""

import json
import re
from collections.abc import Iterator

from markupsafe import escape

from webhooks_ui.text.json_nesting import MAX_DEPTH, STRING

MAX_PRETTY = 262_144  # characters

_TOKENS = re.compile(STRING + r'|\[\s*+\]|\{\s*+\}|[\[\]{},:]|[^\s\[\]{},:"]+')
_COLOURED = re.compile(rf"({STRING})(\s*:)?|([-\w.+]++)|[^\"\w.+-]++")
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str)


def pretty(data: bytes) -> str:
    """A JSON object or array, indented for people; numbers and strings stay as they are written.

    Only for showing, so duplicate names are kept. Everything else is returned as it came: text that
    is not JSON, JSON deeper than `MAX_DEPTH`, and JSON that would take more than `MAX_PRETTY`
    characters.
    """
    return pretty_text(data.decode(errors="replace"))


def pretty_text(text: str) -> str:
    """The same for what has been decoded."""
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


def coloured(text: str, most: int) -> str | None:
    """The text as HTML, with an element around each value; None beyond `most` bytes.

    Names are ``class=k``, strings ``v``, numbers and literals ``u``. What is not JSON comes back
    with the same characters, whatever their colours.
    """
    pieces: list[str] = []
    size = 0
    for piece in _elements(text):
        size += len(piece.encode())
        if size > most:
            return None
        pieces.append(piece)
    return "".join(pieces)


def _elements(text: str) -> Iterator[str]:
    for match in _COLOURED.finditer(text):
        string, colon, value = match.groups()
        if string:
            kind = "k" if colon else "v"
            yield f'<span class="{kind}">{escape(string)}</span>{colon or ""}'
        elif value:
            yield f'<span class="u">{escape(value)}</span>'
        else:
            yield str(escape(match[0]))
