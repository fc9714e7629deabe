"""Version 1 of the API, under /api/v1: JSON in, JSON or a problem (RFC 9457) out."""

from flask import Flask

from webhooks_ui.api import (
    channels,
    deliveries,
    description,
    docs,
    events,
    rate_limit,
    sources,
    webhooks,
)
from webhooks_ui.api.operation import PublicId, blueprint
from webhooks_ui.web.extensions import csrf

# Importing them registers their operations.
__all__ = [
    "channels",
    "deliveries",
    "description",
    "docs",
    "events",
    "init_app",
    "sources",
    "webhooks",
]


def init_app(app: Flask) -> None:
    """Registers every operation. A token in a header is nothing a foreign page could send along."""
    app.url_map.converters["public_id"] = PublicId
    rate_limit.init_app(app)
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)
