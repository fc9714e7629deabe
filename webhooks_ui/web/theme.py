"""Light, dark or as the system has it: which theme this browser has chosen."""

from flask import Flask, request

from webhooks_ui.web.cookies import bound_name

THEMES = ("system", "light", "dark")
COOKIE = "theme"


def init_app(app: Flask) -> None:
    """Gives templates `theme`."""
    app.jinja_env.globals["theme"] = chosen


def chosen() -> str:
    """One of `THEMES`; the page is rendered in it, so that nothing flashes."""
    found = request.cookies.get(bound_name(COOKIE), "")
    return found if found in THEMES else THEMES[0]
