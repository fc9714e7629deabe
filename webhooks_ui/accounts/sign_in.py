"""Set-up of the first administrator, throttled sign-in, change of one's own password."""

import math
from dataclasses import dataclass
from datetime import timedelta

from flask import request
from flask_babel import LazyString, lazy_ngettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import update

from webhooks_ui import audit
from webhooks_ui.accounts import (
    known_browsers,
    passwords,
    second_factor,
    security_log,
    sessions,
    throttle,
    users,
)
from webhooks_ui.audit.actor import Actor
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import SignInFailure, User, UserSession

WRONG_CODE = _l("This code is wrong or was used already. Enter the one that the app shows now.")
_WRONG = _l("Wrong login or password. Check both and try again.")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a sign-in is refused; `wait` is zero unless the throttle did.

    With `needs_code` the password was right, and the second factor is asked for.
    """

    message: LazyString
    wait: timedelta = timedelta()
    needs_code: bool = False

    @property
    def retry_after(self) -> int:
        """The wait in whole seconds, for the header Retry-After."""
        return math.ceil(self.wait.total_seconds())


def set_up(login: str, password: str) -> users.Problems:
    """Adds the first administrator and signs this browser in; of concurrent calls one succeeds."""
    found = users.add_user(login, password, only_first=True)
    if not found:
        sign_in(login, password)
    return found


def sign_in(login: str, password: str) -> Refusal | None:
    """Signs this browser in under a new session id, or returns the refusal."""
    known = _verify(login, password)
    if isinstance(known, Refusal):
        return known
    wanted = passwords.hash_password(password) if passwords.is_outdated(known) else known
    return let_in(login, known, wanted)


def enter_code(code: str) -> Refusal | None:
    """The second step of a sign-in: lets this browser in, or returns the refusal."""
    user = second_factor.awaited()
    if user is None:
        return Refusal(_WRONG)
    login, known = user.login, user.password_hash
    if refusal := _throttled(login, user):
        return refusal
    return let_in(login, known, known, code=code)


def change_password(current: str, new: str) -> Refusal | None:
    """Sets the password of the signed-in user; `users.problems` has checked the `new` one.

    Ends the user's other sessions; this one continues under a new id.
    """
    login = current_user.login
    known = _verify(login, current)
    if isinstance(known, Refusal):
        return known
    return let_in(login, known, passwords.hash_password(new), alone=True)


def set_email(current: str, email: str | None) -> Refusal | None:
    """Sets where the signed-in user gets a link for a new password, which the password allows."""
    known = _verify(current_user.login, current)
    if isinstance(known, Refusal):
        return known
    with transaction():
        SignInFailure.clear(*_source(current_user.login))
        current_user.user.email = email
    return None


def switch_second_factor_off(proof: str) -> Refusal | None:
    """Switches off that of the signed-in user; the `proof` is the password, else a code."""
    user = current_user.user
    by_code, login = not user.has_password, user.login
    refusal = _throttled(login, user) if by_code else _verify(login, proof)
    if isinstance(refusal, Refusal):
        return refusal
    with transaction():
        if by_code and user.totp_secret and not second_factor.use(user, proof):
            audit.record("user.code_refused", "user", user.id, login)
            return Refusal(WRONG_CODE)
        SignInFailure.clear(*_source(login))
    second_factor.remove(user.id)
    return None


def _verify(login: str, password: str) -> str | Refusal:
    """The user's password hash if `password` is right.

    An unknown login takes as long, and so does one that has no password.
    """
    if refusal := _throttled(login, User.by_login(login)):
        return refusal
    user = User.by_login(login)
    kept = user.password_hash if user and user.has_password else None
    user_id, name = (user.id, user.login) if user else (None, "")
    if passwords.verify(kept, password) and kept:
        return kept
    security_log.refused("wrong password", user_id)
    audit.record("user.sign_in_refused", "user", user_id, name)
    return Refusal(_WRONG)


def _throttled(login: str, user: User | None) -> Refusal | None:
    """Counts an attempt; the refusal to wait after too many."""
    if wait := throttle.check(_source(login), is_known=known_browsers.is_known(user)):
        security_log.refused("sign-in locked out", user.id if user else None)
        about = str(user.id) if user else "-", user.login if user else ""
        audit.record_once("user.locked_out", "user", *about, within=throttle.WINDOW)
        minutes = math.ceil(wait / timedelta(minutes=1))
        return Refusal(
            lazy_ngettext(
                "Too many failed attempts. Wait %(num)d minute, then try again.",
                "Too many failed attempts. Wait %(num)d minutes, then try again.",
                minutes,
            ),
            wait,
        )
    return None


def let_in(
    login: str, known: str, wanted: str, *, alone: bool = False, code: str | None = None
) -> Refusal | None:
    """Begins a session and stores the hash `wanted`, if the stored one is still `known`.

    Unless it is the user's own session that goes on, `alone`, a second factor needs its `code`,
    which without one is asked for.
    """
    with transaction():
        user = User.by_login(login)
        if user is None or user.password_hash != known:
            return Refusal(_WRONG)  # deleted or changed while the password was being verified
        if user.totp_secret and not alone:
            if code is None:
                second_factor.wait_for_code(user)
                return Refusal(_l("Enter the code of your second factor."), needs_code=True)
            if not second_factor.use(user, code):
                audit.record("user.code_refused", "user", user.id, user.login)
                return Refusal(WRONG_CODE)
        if alone:
            user.password_hash = wanted
        elif wanted != known:  # the same password, which is no change to record
            own = update(User).where(User.id == user.id)
            db.session.execute(own.values(password_hash=wanted))
        SignInFailure.clear(*_source(login))
        known_browsers.remember(user)
        begun = sessions.begin(user)
        if alone:
            UserSession.end_all(user.id, but=begun.id)
        who = Actor("user", str(user.id), user.login, begun.id)
        audit.record("user.signed_in", "user", user.id, user.login, actor=who)
    sessions.remember(begun)
    security_log.done("password changed" if alone else "signed in", begun.user_id)
    return None


def _source(login: str) -> throttle.Source:
    return throttle.Source(throttle.account(login), throttle.network(request.remote_addr))
