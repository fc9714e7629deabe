"""JSON as HTML, with an element around each name, string and other value for their colours."""

import re
from collections.abc import Iterator

from markupsafe import escape

from webhooks_ui.text.json_nesting import STRING

_TOKENS = re.compile(rf"({STRING})(\s*:)?|([-\w.+]++)|[^\"\w.+-]++")


def coloured(text: str, most: int) -> str | None:
    """Escaped HTML of the text; None where it would take more than `most` bytes.

    Names are ``class=k``, strings ``v``, numbers and literals ``u``. What is not JSON comes back
    with the same characters, whatever their colours.
    """
    pieces: list[str] = []
    size = 0
    for piece in _pieces(text):
        size += len(piece.encode())
        if size > most:
            return None
        pieces.append(piece)
    return "".join(pieces)


def _pieces(text: str) -> Iterator[str]:
    for match in _TOKENS.finditer(text):
        string, colon, value = match.groups()
        if string:
            kind = "k" if colon else "v"
            yield f'<span class="{kind}">{escape(string)}</span>{colon or ""}'
        elif value:
            yield f'<span class="u">{escape(value)}</span>'
        else:
            yield str(escape(match[0]))
