"""Pages and the pieces of them: every URL is a page, of which htmx gets the part that changes."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, abort, make_response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from webhooks_ui.text.url_parts import path_and_query, url_parts
from webhooks_ui.web.kept_form import is_unsent

T = TypeVar("T")
Answer = BaseResponse | str | tuple[str, int]
"""What a view returns."""


def or_404(item: T | None) -> T:
    """The item; where there is none, the request ends with 404."""
    return abort(404) if item is None else item


def is_piece_request() -> bool:
    """Whether htmx asks for a piece of the page rather than for the page."""
    asked: Any = request
    return bool(asked.htmx) and not asked.htmx.history_restore_request and not is_unsent()


def form_page(template: str, *, retry_after: int = 0, **context: Any) -> Response:
    """A page with a form; 422 where it was posted, and is shown again since it cannot be used.

    Where one has to wait, for `retry_after` seconds, it is 429.
    """
    status = 422 if request.method == "POST" else 200
    answer = make_response(render_template(template, **context), status)
    if retry_after:
        answer.status_code, answer.retry_after = 429, retry_after
    return answer


def list_answer(
    folder: str,
    url: str,
    context: dict[str, Any],
    of_page: Callable[[], dict[str, Any]] = dict,
) -> Response | str:
    """The page `list.html` of a folder, or its piece, with the list's URL for the history.

    `of_page` makes what the page alone shows. The URL replaces the current one while one types in
    the search field, and when it is the current one already: Enter in a field is both a change and
    a submission.
    """
    if not is_piece_request():
        return render_template(f"{folder}/list.html", **of_page(), **context)
    response = make_response(render_template(f"{folder}/_list.html", **context))
    is_there = url == path_and_query(url_parts(request.headers.get("HX-Current-URL")))
    typing = request.headers.get("HX-Trigger-Name") == "q"
    response.headers["HX-Replace-Url" if typing or is_there else "HX-Push-Url"] = url
    return response
