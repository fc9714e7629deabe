"""Who is let in: the one-time set-up, sign-in behind its throttle, the change of one's password."""

import hashlib
import hmac
import math
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask, current_app, request
from flask_babel import LazyString, lazy_ngettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from webhooks_ui.accounts import passwords, sessions, throttle, users
from webhooks_ui.database.engine import transaction
from webhooks_ui.models import User, UserSession
from webhooks_ui.web.extensions import login_manager

_WRONG = _l("Login and password do not belong together. Check both and try again.")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not let in, and for how long; no time when waiting changes nothing."""

    message: LazyString
    wait: timedelta = timedelta()

    @property
    def retry_after(self) -> int:
        """Whole seconds to wait."""
        return math.ceil(self.wait.total_seconds())


def init_app(_app: Flask) -> None:
    """Lets Flask-Login find out whose session a request belongs to."""
    login_manager.user_loader(sessions.find)


def set_up(login: str, password: str) -> users.Problems:
    """Makes the first administrator, for one of many at once, and signs this browser in."""
    found = users.add_user(login, password, only_first=True)
    if not found:
        sign_in(login, password)
    return found


def sign_in(login: str, password: str) -> Refusal | None:
    """Signs this browser in, under a new session id; or says why not."""
    known = _verify(login, password)
    if isinstance(known, Refusal):
        return known
    wanted = passwords.hash_password(password) if passwords.is_outdated(known) else known
    return _let_in(login, known, wanted)


def change_password(current: str, new: str) -> Refusal | None:
    """Gives the signed-in user a `new` password that is fit to be one (see `users.problems`).

    Ends the other sessions; this one goes on under a new id.
    """
    login = current_user.login
    known = _verify(login, current)
    if isinstance(known, Refusal):
        return known
    return _let_in(login, known, passwords.hash_password(new), alone=True)


def _verify(login: str, password: str) -> str | Refusal:
    """The user's password hash if `password` is right; takes as long for logins nobody has."""
    if wait := throttle.check(_source(login)):
        minutes = math.ceil(wait / timedelta(minutes=1))
        return Refusal(
            lazy_ngettext(
                "Too many failed attempts. Wait %(num)d minute, then try again.",
                "Too many failed attempts. Wait %(num)d minutes, then try again.",
                minutes,
            ),
            wait,
        )
    user = User.by_login(login)
    kept = user.password_hash if user else None
    return kept if passwords.verify(kept, password) and kept else Refusal(_WRONG)


def _let_in(login: str, known: str, wanted: str, *, alone: bool = False) -> Refusal | None:
    """Begins a session of the user whose hash is still the `known` one and becomes the `wanted`."""
    with transaction():
        user = User.by_login(login)
        if user is None or user.password_hash != known:
            return Refusal(_WRONG)  # deleted or changed while the password was being verified
        user.password_hash = wanted
        throttle.clear(_source(login))
        begun = sessions.begin(user)
        if alone:
            UserSession.end_all(user.id, but=begun.id)
    sessions.remember(begun)
    return None


def _source(login: str) -> throttle.Source:
    # A fingerprint, since people type passwords into the login field.
    account = _keyed("sign-in", User.tidy_login(login))
    return throttle.Source(account, throttle.network(request.remote_addr))


def _keyed(purpose: str, text: str) -> str:
    """A code of `text` that only this installation can make, another one for each purpose."""
    key: str = current_app.config["SECRET_KEY"]
    message = f"{purpose}\0{text}".encode(errors="replace")
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()
