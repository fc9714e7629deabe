"""Version 1 of the API, under /api/v1: JSON in, JSON or a problem (RFC 9457) out."""

from functools import partial

from flask import Flask

from webhooks_ui.api import (
    channels,
    deliveries,
    description,
    docs,
    events,
    plain_events,
    plain_sources,
    rate_limit,
    sources,
    webhooks,
)
from webhooks_ui.api.operation import PublicId, blueprint
from webhooks_ui.api.plain import Plain, Way
from webhooks_ui.sources.kinds import KINDS
from webhooks_ui.web.extensions import csrf

# Importing them registers their operations.
__all__ = [
    "INTAKE",
    "channels",
    "deliveries",
    "description",
    "docs",
    "events",
    "init_app",
    "sources",
    "take_plainly",
    "webhooks",
]

INTAKE = (plain_events.PATH, f"{blueprint.url_prefix}/sources/")
"""What the paths begin with where events are taken in, by POST."""


def init_app(app: Flask) -> None:
    """Registers every operation. A token in a header is nothing a foreign page could send along."""
    app.url_map.converters["public_id"] = PublicId
    rate_limit.init_app(app)
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)


def take_plainly(app: Flask) -> None:
    """Puts the way of plain requests around the app as it is."""
    of_sources: dict[str, Way] = {
        f"{blueprint.url_prefix}/sources/{name}": partial(plain_sources.take, kind)
        for name, kind in KINDS.items()
    }
    ways = {plain_events.PATH: plain_events.take, **of_sources}
    app.wsgi_app = Plain(app, app.wsgi_app, ways)  # type: ignore[method-assign]
