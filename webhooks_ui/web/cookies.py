"""Cookies: their names, under https bound to the host, and what a browser has chosen by them."""

import hashlib

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

REMEMBER = 365 * 24 * 3600  # seconds
THEME, SHORTCUTS = "theme", "shortcuts"
THEMES = ("system", "light", "dark")


def init_app(app: Flask) -> None:
    """Gives templates `theme` and `has_shortcuts`."""
    app.jinja_env.globals.update(theme=theme, has_shortcuts=has_shortcuts)


def theme() -> str:
    """The one of `THEMES` that the page is rendered in, so that nothing flashes."""
    found = request.cookies.get(bound_name(THEME), "")
    return found if found in THEMES else THEMES[0]


def has_shortcuts() -> bool:
    """Whether the console listens to single letters, until they are switched off (WCAG 2.1.4)."""
    return request.cookies.get(bound_name(SHORTCUTS)) != "off"


def own_name(name: str) -> str:
    """`name` as this console's cookies bear it.

    Cookies ignore ports (RFC 6265 §8.5): two consoles on one host tell theirs apart by their keys.
    """
    key: str = current_app.config["SECRET_KEY"]
    return bound_name(f"{name}-{hashlib.sha256(f'cookie {key}'.encode()).hexdigest()[:8]}")


def bound_name(name: str) -> str:
    """`name` with the prefix by which browsers keep other hosts from setting it (ASVS 5, 3.3.1)."""
    if not request.is_secure:
        return name
    # RFC 6265bis §4.1.3: `__Host-` demands the path /.
    return f"__Secure-{name}" if request.script_root else f"__Host-{name}"


def remember(answer: Response, name: str, value: str) -> None:
    """Has this browser keep a cookie of this name for a year."""
    answer.set_cookie(
        name,
        value,
        max_age=REMEMBER,
        path=request.script_root or "/",
        samesite="Lax",
        httponly=True,
        secure=request.is_secure,
    )
