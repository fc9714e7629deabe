"""How large a request's body may be: declared at its route, held by the server and by the app."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

DEFAULT = 16_384  # bytes: a form with a few fields, also as kept over a sign-in
MANY_FIELDS = 65_536  # of a form with a list of webhooks
Limit = int | Callable[[int], int]  # bytes; where events go in, by the setting MAX_EVENT_SIZE
View = TypeVar("View", bound=Callable[..., Any])

_WRITING = ("POST", "PUT", "PATCH", "DELETE")


def max_body(limit: Limit) -> Callable[[View], View]:
    """Declares the largest body of a view; others have `DEFAULT`."""

    def declare(view: View) -> View:
        view.max_body = limit  # type: ignore[attr-defined]
        return view

    return declare


def with_event(most_bytes: int) -> int:
    """Of a form in which an event's data may be typed; encoding a form makes it longer."""
    return 2 * most_bytes + MANY_FIELDS


def init_app(app: Flask) -> None:
    """Holds every request to the limit of its route."""

    def hold() -> None:
        limit = _of(app, request.endpoint)
        request.max_content_length = request.max_form_memory_size = limit

    app.before_request(hold)


def of_path(app: Flask, path: str) -> int | None:
    """The largest body of the routes at a path; None where there is none."""
    urls = app.url_map.bind("localhost")
    found: list[int] = []
    for method in _WRITING:
        try:
            endpoint, _arguments = urls.match(path, method=method)
        except (HTTPException, RequestRedirect):
            continue
        found.append(_of(app, endpoint))
    return max(found, default=None)


def _of(app: Flask, endpoint: str | None) -> int:
    limit: Limit = getattr(app.view_functions.get(endpoint or ""), "max_body", DEFAULT)
    return limit if isinstance(limit, int) else limit(app.config["MAX_EVENT_SIZE"])
