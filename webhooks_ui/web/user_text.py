"""Texts that people chose, such as names, on a page: isolated from what stands around them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

from webhooks_ui.text.visibility import isolated


def init_app(app: Flask) -> None:
    """Gives templates `bdi`, for HTML, `isolated`, for attributes, and `options`, of a select."""
    app.jinja_env.filters.update(bdi=bdi, isolated=isolated, options=options)


def options(labels: Mapping[str, Any] | Iterable[Sequence[Any]], chosen: str = "") -> Markup:
    """The options of a select: labels by value, or rows that end with a value and its label."""
    rows: Iterable[Sequence[Any]] = labels.items() if isinstance(labels, Mapping) else labels
    found = (option(value, str(label), value == chosen) for *_, value, label in rows)
    return Markup("".join(found))  # noqa: S704  # escaped


@lru_cache(maxsize=4096)  # a page has hundreds of channels, twice
def option(value: str, label: str, is_chosen: bool) -> str:
    """An option of a select, escaped."""
    mark = " selected" if is_chosen else ""
    return f'<option value="{escape(value)}"{mark}>{escape(isolated(label))}</option>'


def bdi(text: object) -> Markup:
    """The text in an element whose direction is its own; the style breaks it anywhere."""
    return Markup(f"<bdi>{escape(text)}</bdi>")  # noqa: S704  # the text is escaped
