"""Whether the console listens to keys: single letters can be switched off (WCAG 2.1.4)."""

from flask import Flask, request

from webhooks_ui.web.cookies import bound_name

COOKIE = "shortcuts"


def init_app(app: Flask) -> None:
    """Gives templates `has_shortcuts`."""
    app.jinja_env.globals["has_shortcuts"] = are_on


def are_on() -> bool:
    """True until this browser has switched them off."""
    return request.cookies.get(bound_name(COOKIE)) != "off"
