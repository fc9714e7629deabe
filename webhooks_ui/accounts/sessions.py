"""Signed-in browsers: which session a request belongs to, and how sessions begin and end.

The cookie holds a random token, signed by Flask; the database decides whether it still counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from flask import g, request, session
from flask_login import current_user, login_user, logout_user
from sqlalchemy import Connection, update
from sqlalchemy.exc import OperationalError

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import User, UserSession

SEEN_EVERY = timedelta(minutes=1)  # how exact `last_seen_at` is


def find(token: str) -> UserSession | None:
    """The session that the cookie's token stands for; what Flask-Login asks with every request."""
    if "sessions_out_of_reach" in g:
        return None  # the page that says so must not ask again
    try:
        found = UserSession.find(token)
    except OperationalError:
        g.sessions_out_of_reach = True
        raise
    if found and now() - found.last_seen_at > SEEN_EVERY:
        _note_seen(found.id)
    return found


def has_ended() -> bool:
    """Whether this browser was signed in and no longer is."""
    return "_user_id" in session and not current_user.is_authenticated


def begin(user: User) -> UserSession:
    """A new session of `user` instead of this browser's former one; within a transaction."""
    UserSession.forget_ended(now())
    if current_user.is_authenticated:
        UserSession.end(current_user.id)
    return UserSession.open(user, request.remote_addr or "", request.user_agent.string)


def remember(begun: UserSession) -> None:
    """Gives the browser the cookie of a session that is committed, and a new CSRF token with it."""
    session.clear()
    session.permanent = True
    login_user(begun)


def end() -> None:
    """Ends this browser's session."""
    own = current_user.id
    with transaction():
        UserSession.end(own)
    logout_user()
    session.clear()


def end_others() -> int:
    """Ends the user's sessions in other browsers; returns how many there were."""
    own, user_id = current_user.id, current_user.user_id
    with transaction():
        return UserSession.end_all(user_id, but=own)


def _note_seen(session_id: int) -> None:
    """Best effort: a database that is busy or full must not make a page wait or fail."""
    seen = update(UserSession).where(UserSession.id == session_id).values(last_seen_at=now())
    with suppress(OperationalError), _impatient() as connection:
        connection.execute(seen)
        connection.commit()


@contextmanager
def _impatient() -> Iterator[Connection]:
    """A connection that writes at once or not at all."""
    with db.engine.connect().execution_options(writes=True, waits=False) as connection:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
        yield connection
