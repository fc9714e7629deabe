"""Version 1 of the API, under /api/v1: JSON in, JSON or a problem (RFC 9457) out.

Its operations are loaded with the first request to one, or once the console listens where it has
sources: they are a sixth of a start, and of the memory of a console that nobody sends anything.
"""

import gc
from collections.abc import Mapping
from functools import partial
from threading import Lock

from flask import Flask

from webhooks_ui.api import rate_limit
from webhooks_ui.api.paths import EVENTS, NAME, PREFIX, SOURCES, PublicId
from webhooks_ui.api.plain import Plain, Way
from webhooks_ui.api.routes import blueprint
from webhooks_ui.web.extensions import csrf

__all__ = ["INTAKE", "PREFIX", "init_app", "load", "take_plainly"]

INTAKE = (EVENTS, SOURCES)
"""What the paths begin with where events are taken in, by POST."""
_loading = Lock()


def init_app(app: Flask) -> None:
    """Makes way for the operations. No page can send a token along that is in a header."""
    app.url_map.converters["public_id"] = PublicId
    rate_limit.init_app(app)
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)


def take_plainly(app: Flask) -> None:
    """Puts the way of plain requests around the app as it is; it also loads the operations."""
    app.wsgi_app = Plain(app, app.wsgi_app, PREFIX, partial(load, app))  # type: ignore[method-assign]


def load(app: Flask) -> Mapping[str, Way]:
    """Registers every operation, once; the ways of plain requests."""
    if NAME not in app.extensions:
        with _loading:
            if NAME not in app.extensions:
                from webhooks_ui.api import operations

                operations.register(app)
                app.extensions[NAME] = operations.WAYS
                gc.freeze()  # as what the start made: it lives to the end
    ways: Mapping[str, Way] = app.extensions[NAME]
    return ways
