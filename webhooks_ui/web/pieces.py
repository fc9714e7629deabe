"""Pages and the pieces of them: every URL is a page, of which htmx gets the part that changes."""

from typing import Any, TypeVar

from flask import Response, abort, make_response, render_template, request

from webhooks_ui.text.url_parts import url_parts
from webhooks_ui.web.kept_form import is_unsent

T = TypeVar("T")


def or_404(item: T | None) -> T:
    """The item; where there is none, the request ends with 404."""
    return abort(404) if item is None else item


def is_piece_request() -> bool:
    """Whether htmx asks for a piece of the page rather than for the page."""
    asked: Any = request
    return bool(asked.htmx) and not asked.htmx.history_restore_request and not is_unsent()


def list_piece(url: str, template: str, **context: Any) -> Response:
    """The piece of a list, with the list's URL for the browser's history.

    The URL replaces the current one while one types in the search field, and when it is the
    current one already: Enter in a field is both a change and a submission.
    """
    response = make_response(render_template(template, **context))
    here = url_parts(request.headers.get("HX-Current-URL"))
    is_there = url == (f"{here.path}?{here.query}" if here.query else here.path)
    typing = request.headers.get("HX-Trigger-Name") == "q"
    response.headers["HX-Replace-Url" if typing or is_there else "HX-Push-Url"] = url
    return response
