"""Browsers in which a user has signed in before: strangers' failures do not lock them out.

A cookie says so, for one user and until the password changes (OWASP: device cookies). What such a
browser itself gets wrong counts as before.
"""

import hashlib
import hmac

from flask import Response, after_this_request, current_app, request

from webhooks_ui.models import User
from webhooks_ui.web import cookies

COOKIE = "known-browser"


def remember(user: User) -> None:
    """Sets the cookie on the response to this request."""
    value = _value(user)

    @after_this_request
    def _set(response: Response) -> Response:
        cookies.remember(response, cookies.own_name(COOKIE), value)
        return response


def is_known(user: User | None) -> bool:
    """Whether this user has signed in with this browser since the password was set."""
    given = request.cookies.get(cookies.own_name(COOKIE), "")
    return user is not None and hmac.compare_digest(given.encode(), _value(user).encode())


def _value(user: User) -> str:
    key: str = current_app.config["SECRET_KEY"]
    message = f"known browser\0{user.id}\0{user.password_hash}"
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()
