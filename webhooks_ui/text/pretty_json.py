"""JSON for people: indented, its numbers and texts as they are written, and bounded."""

import json
import re

from webhooks_ui.text.json_nesting import MAX_DEPTH, STRING

MAX_PRETTY = 262_144  # characters

_TOKENS = re.compile(STRING + r'|\[\s*+\]|\{\s*+\}|[\[\]{},:]|[^\s\[\]{},:"]+')
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
