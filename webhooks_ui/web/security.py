"""Security of every page: headers, cookies, CSRF, proxies, the sign-in wall.

The rules follow OWASP ASVS 5 level 2 as far as the console needs them.
"""

from datetime import timedelta

from flask import Flask, Response, abort, current_app, make_response, redirect, request, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_babel import get_locale
from flask_login import current_user
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as BaseResponse

from webhooks_ui import audit
from webhooks_ui.text.url_parts import path_and_query, url_parts
from webhooks_ui.web import body_limits, kept_form, own_address, roles
from webhooks_ui.web.cookies import own_name
from webhooks_ui.web.extensions import csrf, htmx, login_manager
from webhooks_ui.web.pieces import is_piece_request
from webhooks_ui.web.roles import OPEN_TO_ALL, SAFE_METHODS

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
OF_FILES = "default-src 'none'; frame-ancestors 'none'"
"""The policy of static files: they load nothing. A first visit waits for every byte."""
_OF_DOCUMENTS = "Cross-Origin-Opener-Policy"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    _OF_DOCUMENTS: "same-origin",
}
REFUSALS_EVERY = timedelta(minutes=1)  # the same refusal again is one entry in the audit log
NO_FORMS = {"receiver.arrive"}  # takes whatever comes


class CookieSessions(SecureCookieSessionInterface):
    """The session cookie; over https it is Secure."""

    def get_cookie_name(self, _app: Flask) -> str:
        return own_name("session")

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def init_app(app: Flask) -> None:
    """Sets up the cookies, the proxies, the sign-in wall, CSRF and the headers."""
    path = own_address.path_of(app.config["PUBLIC_URL"])
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH=path or "/",
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its session
    )
    app.session_interface = CookieSessions()
    if path:
        app.wsgi_app = own_address.SubPath(app.wsgi_app, path)  # type: ignore[method-assign]
    own_address.init_app(app)
    if hops := app.config["TRUSTED_PROXIES"]:
        # Each proxy appends to X-Forwarded-For; the other headers have one value.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as in Flask's documentation
            app.wsgi_app, x_for=hops, x_proto=1, x_host=1
        )
    # Before CSRF: after a sign-out elsewhere a form leads to the sign-in, not to a CSRF error.
    body_limits.init_app(app)
    app.before_request(_refuse_nul)
    app.before_request(_drop_unreadable_referrer)
    app.before_request(_require_sign_in)
    app.before_request(_refuse_nul_in_form)
    csrf.init_app(app)
    htmx.init_app(app)
    login_manager.init_app(app)
    roles.init_app(app)
    login_manager.session_protection = None  # accounts.sessions has the rules
    app.after_request(_protect)


def safe_next(target: str | None) -> str | None:
    """`target` when it is a path on this site, else None: ``?next=`` is no open redirect."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if any(ord(character) < 33 for character in target) or "\\" in target:
        return None
    parts = url_parts(target)
    return target if parts.path and not parts.netloc else None


def _refuse_nul() -> None:
    """400 for a NUL, which PostgreSQL does not store; the API looks for it in its bodies itself."""
    texts = (request.path, *request.args, *request.args.values(), *request.headers.values())
    if any("\0" in text for text in texts):
        abort(400)


def _drop_unreadable_referrer() -> None:
    """Flask-WTF, which compares it over https, fails where it cannot be read."""
    if request.referrer and not url_parts(request.referrer).netloc:
        del request.environ["HTTP_REFERER"]


def _refuse_nul_in_form() -> None:
    """400 for a NUL in a form, once it is known who sends it; other bodies stay unread."""
    if request.blueprint == "api" or request.endpoint in NO_FORMS:
        return
    if any("\0" in text for name in request.form for text in (name, *request.form.getlist(name))):
        abort(400)


def _require_sign_in() -> BaseResponse | None:
    """Every endpoint not in `OPEN_TO_ALL` needs a user, whose role may use it."""
    if request.endpoint is None or request.endpoint in OPEN_TO_ALL:
        return None
    if request.blueprint == "api":
        return None  # its operations ask for a token
    if not current_user.is_authenticated:
        return _to_sign_in()
    get_locale()  # while the user is known: a request may end its own session
    if not roles.may(request.endpoint, request.method):
        page = f"{request.method} {request.path}"
        audit.record_once("access.refused", "page", page[:200], within=REFUSALS_EVERY)
        abort(403)
    kept_form.reopen()
    return None


def _to_sign_in() -> BaseResponse:
    if kept_form.can_keep():
        kept_form.show_again()  # as the sign-in page, which takes the form along
        return make_response(current_app.view_functions["auth.login"]())
    if is_piece_request():
        # Not the sign-in page as a piece: htmx leaves the page.
        path = path_and_query(url_parts(request.headers.get("HX-Current-URL")))
        return Response(
            status=204, headers={"HX-Redirect": url_for("auth.login", next=path or None)}
        )
    if request.method in SAFE_METHODS:
        wanted = None if request.full_path == "/?" else kept_form.own_path()
    else:
        wanted = came_from()
    return redirect(url_for("auth.login", next=wanted), 303)


def came_from() -> str | None:
    """The page of ours whose button was pressed; None where only the answer to a POST was there."""
    page = url_parts(request.referrer)
    if page.netloc != request.host:
        return None
    if not _can_be_opened(page.path.removeprefix(request.script_root)):
        return None
    return safe_next(path_and_query(page))


def _can_be_opened(path: str) -> bool:
    """Whether GET finds a page at this path, and not a name that only POST knows as an id."""
    urls = current_app.url_map.bind("localhost")
    try:
        page, _arguments = urls.match(path, method="GET", return_rule=True)
        form, _arguments = urls.match(path, method="POST", return_rule=True)
    except MethodNotAllowed as error:
        return "GET" in (error.valid_methods or ())
    except (HTTPException, RequestRedirect):
        return False
    return page.arguments <= form.arguments


def _protect(response: Response) -> Response:
    is_file = request.endpoint == "static" and response.status_code < 400
    if is_file:
        response.headers["Content-Security-Policy"] = OF_FILES
    for name, value in HEADERS.items():
        if not (is_file and name == _OF_DOCUMENTS):
            response.headers.setdefault(name, value)
    kept_form.replace_page(response)
    if not is_file:
        response.vary.add("HX-Request")
        response.headers["Cache-Control"] = "no-store"
    if request.endpoint in OPEN_TO_ALL and not is_file:  # a search engine is not to list it
        response.headers["X-Robots-Tag"] = "noindex"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = _hsts(current_app)
    return response


def headers_of(app: Flask, *, is_secure: bool) -> list[tuple[str, str]]:
    """The headers that protect an answer which no page could keep."""
    found = [*HEADERS.items(), ("Cache-Control", "no-store")]
    return [*found, ("Strict-Transport-Security", _hsts(app))] if is_secure else found


def _hsts(app: Flask) -> str:
    wide = "; includeSubDomains" if app.config["HSTS_SUBDOMAINS"] else ""
    return f"max-age=31536000{wide}"
