"""Texts that people chose, such as names, on a page: isolated from what stands around them."""

from flask import Flask
from markupsafe import Markup, escape

from webhooks_ui.text.visibility import isolated


def init_app(app: Flask) -> None:
    """Gives templates the filters `bdi`, for HTML, and `isolated`, for attributes and options."""
    app.jinja_env.filters.update(bdi=bdi, isolated=isolated)


def bdi(text: object) -> Markup:
    """The text in an element whose direction is its own; the style breaks it anywhere."""
    return Markup(f"<bdi>{escape(text)}</bdi>")  # noqa: S704  # the text is escaped
