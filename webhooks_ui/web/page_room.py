"""Room for texts from outside: a page stays under 2 MB, whatever is stored.

Events, responses and received requests may be megabytes, many of them on one page. Each text gets
what the page has left, and it is said where only its beginning is shown.
"""

from typing import NamedTuple

from flask import Flask, g
from markupsafe import Markup, escape

from webhooks_ui.text.pretty_json import coloured

PAGE = 1_200_000  # bytes of HTML for all of these texts
TEXT = 300_000  # for one of them
COLOURED = 100_000  # characters of a text with colours: an element for each token
AROUND = 100  # of the elements around each


class Fitted(NamedTuple):
    """As much of a text as there is room for; `is_cut` where that is not all of it."""

    text: Markup
    is_cut: bool


def init_app(app: Flask) -> None:
    """Gives templates `fitted`, `fitted_json` and `has_room`."""
    app.jinja_env.filters.update(fitted=fitted, fitted_json=fitted_json)
    app.jinja_env.globals["has_room"] = has_room


def has_room() -> bool:
    """Whether the page has room for more texts; else making them ready is in vain."""
    return _left() > 0


def fitted(text: str) -> Fitted:
    """The beginning of a text that still fits into the page, escaped."""
    left = _left()
    most = min(TEXT, left)
    whole = str(escape(text[:most]))
    shown = whole.encode()[:most].decode(errors="ignore")
    if len(shown) < len(whole):
        shown = shown[: _last_whole(shown)]
    g.page_room = max(0, left - len(shown.encode()) - AROUND)
    return Fitted(Markup(shown), len(shown) < len(whole) or len(text) > most)  # noqa: S704  # escaped


def fitted_json(text: str) -> Fitted:
    """JSON with elements for its colours where it fits whole, as plain text where it does not."""
    if len(text) > COLOURED or not text.lstrip().startswith(("{", "[")):
        return fitted(text)
    shown = coloured(text, min(TEXT, _left()))
    if shown is None:
        return fitted(text)
    g.page_room = max(0, _left() - len(shown.encode()) - AROUND)
    return Fitted(Markup(shown), is_cut=False)  # noqa: S704  # escaped


def _left() -> int:
    left: int = g.get("page_room", PAGE)
    return left


def _last_whole(shown: str) -> int:
    """Where a character reference that was cut off begins, else the end."""
    at = shown.rfind("&", len(shown) - len("&#34"))
    return len(shown) if at < 0 or ";" in shown[at:] else at
