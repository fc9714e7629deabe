"""Every operation, and the ways of plain requests; imported with the first request to the API."""

from collections.abc import Mapping
from functools import partial

from flask import Flask

from webhooks_ui.api import (
    channels,
    deliveries,
    events,
    plain_events,
    plain_sources,
    sources,
    webhooks,
)
from webhooks_ui.api.operation import OPERATIONS
from webhooks_ui.api.paths import EVENTS, SOURCES
from webhooks_ui.api.plain import Way
from webhooks_ui.sources.kinds import KINDS

# Importing them makes their operations.
__all__ = ["WAYS", "channels", "deliveries", "events", "register", "sources", "webhooks"]

_OF_SOURCES = {f"{SOURCES}{name}": partial(plain_sources.take, one) for name, one in KINDS.items()}
WAYS: Mapping[str, Way] = {EVENTS: plain_events.take, **_OF_SOURCES}
"""By their paths."""


def register(app: Flask) -> None:
    """Adds a route for each operation, also to an app that has answered requests already."""
    for operation in OPERATIONS:
        operation.register(app)
