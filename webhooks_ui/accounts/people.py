"""What administrators do with other people's accounts, and the one-time links they hand out.

The last administrator stays one, also with concurrent calls.
"""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from webhooks_ui import audit
from webhooks_ui.accounts import security_log, users
from webhooks_ui.accounts.throttle import one_at_a_time
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import AccountLink, User, UserSession


def invite(role: str, by: str) -> str:
    """Makes an invitation for a new user of `role`; returns the text of its link."""
    with transaction():
        text = AccountLink.issue(role, created_by=by)
    security_log.noted(f"invitation made, {role}")
    return text


def offer_new_password(user_id: int, by: str | None) -> str | None:
    """Makes a link by which a user sets a new password; None when there is no such user."""
    with transaction():
        user = db.session.get(User, user_id)
        if user is None:
            return None
        text = AccountLink.issue(user.role, user=user, created_by=by)
    security_log.noted(f"link for a new password of user:{user_id} made")
    return text


def use_link(text: str, login: str, password: str) -> users.Problems | None:
    """Makes the invited user, or sets the user's password and ends all sessions.

    `login` is that of a new user. Returns what keeps it from being done, by field, or None when
    the link is not valid any longer. The link is used up once there are no problems.
    """
    link = AccountLink.find(text)
    if link is None:
        return None
    login = link.user.login if link.user else login
    is_gone = False

    def use(password_hash: str) -> User | users.Problems:
        nonlocal is_gone
        found = AccountLink.find(text)
        if is_gone := found is None:  # it was used meanwhile
            return {}
        if found.user:
            AccountLink.end_all(found.user, but=found.id)
            user: User | users.Problems = users.set_hash(found.user, password_hash)
        else:
            user = users.make(login, password_hash, found.role)
        if isinstance(user, User):
            db.session.delete(found)
        return user

    problems = users.with_hash(login, password, link.role, use, "password set by a link")
    return None if is_gone else problems


def set_role(user_id: int, role: str) -> LazyString | None:
    """Sets a user's role, at once also for signed-in browsers; or returns why not."""
    with transaction():
        one_at_a_time()
        user = db.session.get(User, user_id)
        if user is None:
            return None
        if problem := users.role_problem(user, role):
            return problem
        user.role = role
    security_log.noted(f"role of user:{user_id} set to {role}")
    return None


def remove(user_id: int, by: int | None = None) -> LazyString | None:
    """Deletes a user with all sessions, or returns why not; `by` is the user who asks for it."""
    with transaction():
        one_at_a_time()
        user = db.session.get(User, user_id)
        if user is None:
            return None
        if problem := users.role_problem(user, None):
            return problem
        if user_id == by:
            return _l("You cannot remove yourself. Another administrator can.")
        db.session.delete(user)
    security_log.noted(f"user:{user_id} removed")
    return None


def sign_out(user_id: int) -> int | None:
    """Ends the sessions of a user; returns how many, None when there is no such user."""
    with transaction():
        user = db.session.get(User, user_id)
        if user is None:
            return None
        ended = UserSession.end_all(user_id)
        audit.record("user.sessions_ended", "user", user_id, user.login, details={"count": ended})
    security_log.noted(f"{ended} sessions of user:{user_id} ended")
    return ended
