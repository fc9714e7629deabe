"""Sessions of signed-in browsers: finding, beginning and ending them.

The cookie holds a random token, signed by Flask; the row of the session decides if it is valid.
"""

from datetime import timedelta

from flask import g, request, session
from flask_login import current_user, login_user, logout_user
from sqlalchemy import update

from webhooks_ui import audit
from webhooks_ui.accounts import security_log
from webhooks_ui.audit import actor
from webhooks_ui.database.engine import UNREACHABLE, transaction, write_if_free
from webhooks_ui.database.types import now
from webhooks_ui.models import User, UserSession
from webhooks_ui.monitoring.logs import WHO
from webhooks_ui.web import kept_form
from webhooks_ui.web.extensions import login_manager

SEEN_EVERY = timedelta(minutes=1)  # the resolution of `last_seen_at`


def find(token: str) -> UserSession | None:
    """The valid session of this token; Flask-Login's user loader, called once a request."""
    if "sessions_out_of_reach" in g:
        return None  # the error page must not query again
    try:
        found = UserSession.find(token)
    except UNREACHABLE:
        g.sessions_out_of_reach = True
        raise
    if found:
        request.environ[WHO] = f"user:{found.user_id}"
        actor.is_here(actor.Actor("user", str(found.user_id), found.login, found.id))
    if found and abs(now() - found.last_seen_at) > SEEN_EVERY:
        # Best effort: a busy or full database neither delays nor fails the page.
        seen = update(UserSession).where(UserSession.id == found.id)
        write_if_free(seen.values(last_seen_at=now()))
    return found


login_manager.user_loader(find)


def has_ended() -> bool:
    """Whether this browser has the cookie of a session that has ended."""
    return "_user_id" in session and not current_user.is_authenticated


def begin(user: User) -> UserSession:
    """Opens a session of `user` in place of this browser's, within the caller's transaction."""
    UserSession.forget_ended(now())
    if current_user.is_authenticated:
        UserSession.end(current_user.id, current_user.user_id)
    return UserSession.open(user, request.remote_addr or "", request.user_agent.string)


def remember(begun: UserSession) -> None:
    """Sets the cookie of a committed session, with a new CSRF token."""
    session.clear()
    session.permanent = True
    session[kept_form.OWNER] = begun.user_id
    login_user(begun)


def end() -> None:
    """Ends this browser's session."""
    own, user_id, login = current_user.id, current_user.user_id, current_user.login
    with transaction():
        UserSession.end(own, user_id)
        audit.record("user.signed_out", "user", user_id, login)
    security_log.done("signed out", user_id)
    logout_user()
    session.clear()


def end_one(session_id: int) -> bool:
    """Ends one of the user's other sessions; returns whether there was one."""
    own, user_id, login = current_user.id, current_user.user_id, current_user.login
    if session_id == own:
        return False
    with transaction():
        was_there = UserSession.end(session_id, user_id)
        if was_there:
            audit.record("user.sessions_ended", "user", user_id, login, details={"count": 1})
    if was_there:
        security_log.done("another session ended", user_id)
    return was_there


def end_others() -> int:
    """Ends the user's other sessions; returns their number."""
    own, user_id, login = current_user.id, current_user.user_id, current_user.login
    with transaction():
        ended = UserSession.end_all(user_id, but=own)
        audit.record("user.sessions_ended", "user", user_id, login, details={"count": ended})
    security_log.done(f"{ended} other sessions ended", user_id)
    return ended
