"""Error pages, and problem details (RFC 9457) for the API: what happened and what to do.

They are translated and show no internals.
"""

from typing import NamedTuple

from flask import (
    Flask,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed

from webhooks_ui.database.damage import DamagedError
from webhooks_ui.database.driver import reason_of
from webhooks_ui.database.engine import UNREACHABLE, db
from webhooks_ui.models import UserSession
from webhooks_ui.web import kept_form, roles
from webhooks_ui.web.pieces import is_piece_request
from webhooks_ui.web.problem import Problem
from webhooks_ui.web.security import came_from

API = "/api/"
RETRY_AFTER = 5  # seconds; about the database's busy timeout


class Words(NamedTuple):
    """What an error page says."""

    title: LazyString
    advice: LazyString


PAGES = {
    400: Words(
        _l("The request could not be understood."),
        _l("Go back, check what was entered and send it again."),
    ),
    403: Words(
        _l("You have view-only access."),
        _l("Ask an administrator to make the change or to give you the editor role."),
    ),
    404: Words(
        _l("There is nothing at this address."),
        _l("It may have been deleted, or the link may be incomplete."),
    ),
    405: Words(
        _l("This address is not meant to be opened directly."),
        _l("Go back to the page you came from and use its buttons."),
    ),
    409: Words(
        _l("Somebody else changed this at the same moment."),
        _l("Nothing was changed. Go back, reload the page and try again."),
    ),
    413: Words(
        _l("What was sent is too large."),
        _l("Shorten the data and send it again."),
    ),
    421: Words(
        _l("This console does not answer to this name."),
        _l(
            "Open it at the address in WEBHOOKS_UI_PUBLIC_URL. If it has another name as well,"
            " add that to WEBHOOKS_UI_ALLOWED_HOSTS and start it again."
        ),
    ),
    429: Words(
        _l("Too many attempts."),
        _l("Wait a few minutes and try again."),
    ),
    500: Words(
        _l("Something went wrong on our side."),
        _l(
            "Try again; if you were changing something, look first whether it was done. The"
            " server's log says what went wrong."
        ),
    ),
    503: Words(
        _l("The database is busy or out of reach."),
        _l(
            "Wait a few seconds and try again; if you were changing something, look first whether"
            " it was done."
        ),
    ),
}
DAMAGED = Words(
    _l("The database is damaged."),
    _l("Nothing was changed. The server's log says what its administrator can do."),
)
FORM_EXPIRED = Words(
    _l("This form belongs to another sign-in."),
    _l("Nothing was changed. Go back, reload the page and send it again."),
)
FOR_ADMINISTRATORS = Words(
    _l("This page is for administrators."),
    _l("Ask one of them to do it, or to give you the administrator role."),
)
STALE = _l("You signed in again since this page was opened. Nothing is lost: send it once more.")
STALE_BUTTON = _l(
    "You signed in again since this page was opened, so nothing was changed. Press the button"
    " again."
)
ADVICE = {
    400: _l("The request could not be understood. Look at how it is put together."),
    403: _l("This token may not do that. Use one of scope admin."),
    404: _l("There is nothing at this address. Look for what exists at /api/v1/docs."),
    405: _l("This address does not take this method. The Allow header names those it takes."),
    409: _l("Somebody else changed it at the same time. Fetch it again and repeat your change."),
    413: _l("The body is too large. Send less at once."),
    415: _l("Send JSON, with the header Content-Type: application/json."),
    421: _l(
        "The console does not answer to this host name. Use that of WEBHOOKS_UI_PUBLIC_URL, or add"
        " this one to WEBHOOKS_UI_ALLOWED_HOSTS."
    ),
    429: _l("Too many requests at once. Wait as long as Retry-After says and try again."),
    431: _l("The headers are too large. Send fewer or shorter ones."),
    501: _l("The body's Transfer-Encoding is not known here. Use chunked, or Content-Length."),
    500: _l("Something failed on our side; the server's log says what. Try again later."),
    503: _l(
        "The database is busy or out of reach. Wait as long as Retry-After says and try again;"
        " an event that has an id of its own is not taken in twice."
    ),
}


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _csrf_error)
    for unreachable in UNREACHABLE:
        app.register_error_handler(unreachable, _database_error)
    for conflict in (IntegrityError, ObjectDeletedError, StaleDataError):
        app.register_error_handler(conflict, _conflict)


def _page(code: int, words: Words) -> tuple[str, int]:
    page = render_template("error.html", code=code, title=words.title, advice=words.advice)
    return page, code


def problem(code: int, headers: dict[str, str] | None = None) -> Problem:
    """The problem details of an HTTP status."""
    known = code if code in ADVICE else 400 if code < 500 else 500
    return Problem(code, ADVICE[known], headers=headers)


def _http_error(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.code is None or error.code < 400 or isinstance(error, Problem):
        return error
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, UNREACHABLE):
        error.code = 503
    if request.path.startswith(API):
        return problem(error.code, _headers(error))
    if error.code == 403 and roles.is_for_administrators(request.endpoint or ""):
        return _page(403, FOR_ADMINISTRATORS)
    return _page(error.code, PAGES.get(error.code, PAGES[400 if error.code < 500 else 500]))


def _headers(error: HTTPException) -> dict[str, str]:
    """Allow for 405 (RFC 9110 §15.5.6), Retry-After for 429 and 503."""
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        return {"Allow": ", ".join(sorted(error.valid_methods))}
    return {"Retry-After": str(RETRY_AFTER)} if error.code in (429, 503) else {}


def _csrf_error(_error: CSRFError) -> ResponseReturnValue:
    if kept_form.can_keep():
        kept_form.show_again("" if kept_form.is_unsent() else str(STALE))
        view = current_app.ensure_sync(current_app.view_functions[str(request.endpoint)])
        try:
            answer: ResponseReturnValue = view(**(request.view_args or {}))
        except HTTPException as error:  # an error handler's own are handled by nobody
            return _http_error(error)
        return answer
    if kept_form.is_own_form():
        return _press_again()
    return _page(400, FORM_EXPIRED)


def _press_again() -> ResponseReturnValue:
    """Back to the page whose button was pressed, now with a valid token."""
    flash(str(STALE_BUTTON), "wait")
    if is_piece_request():
        return Response(status=204, headers={"HX-Refresh": "true"})
    return redirect(came_from() or url_for("webhooks.index"), 303)


def _conflict(_error: Exception) -> ResponseReturnValue | Problem:
    """A concurrent request deleted or changed what this one was about, or ended its session."""
    if request.path.startswith(API):
        return problem(409)
    if _session_has_ended():
        return redirect(url_for("auth.login"), 303)
    return _page(409, PAGES[409])


def _session_has_ended() -> bool:
    """Whether the session of this request was ended while the request ran."""
    found = inspect(current_user._get_current_object(), raiseerr=False)
    known = found.identity if found is not None else None
    return known is not None and db.session.get(UserSession, known) is None


def _database_error(error: Exception) -> ResponseReturnValue | Problem:
    current_app.logger.error("The database refused: %s", reason_of(error))
    of_api = request.path.startswith(API)
    if isinstance(error, DamagedError):
        words = f"{DAMAGED.title} {DAMAGED.advice}"
        return Problem(503, words) if of_api else _page(503, DAMAGED)
    headers = {"Retry-After": str(RETRY_AFTER)}
    return problem(503, headers) if of_api else (*_page(503, PAGES[503]), headers)
