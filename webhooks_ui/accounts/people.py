"""What administrators do with other people's accounts, and the one-time links they hand out.

The last administrator stays one, also with concurrent calls.
"""

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from webhooks_ui import audit
from webhooks_ui.accounts import passwords, security_log, throttle, users
from webhooks_ui.accounts.throttle import one_at_a_time
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import AccountLink, User, UserSession

ADMINISTRATOR = "admin"


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
        text = AccountLink.issue(user.role, user=user, created_by=by) if user else None
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
    if found := users.problems(login, password, link.role):
        return found
    password_hash = passwords.hash_password(password)
    with transaction():
        one_at_a_time()
        link = AccountLink.find(text)  # it may have been used meanwhile
        if link is None:
            return None
        if link.user:
            link.user.password_hash = password_hash
            UserSession.end_all(link.user.id)
            AccountLink.end_all(link.user, but=link.id)
            throttle.lift(login)
        elif User.by_login(login):
            return {"login": _l("This login is taken.")}
        else:
            tidy = User.tidy_login(login)
            db.session.add(User(login=tidy, password_hash=password_hash, role=link.role))
        db.session.delete(link)
    security_log.noted("password set by a link")
    return {}


def set_role(user_id: int, role: str) -> bool:
    """Sets a user's role, at once also for signed-in browsers; False for the last administrator."""
    with transaction():
        one_at_a_time()
        user = db.session.get(User, user_id)
        if user is None:
            return True
        if role != ADMINISTRATOR and _is_last_administrator(user):
            return False
        user.role = role
    security_log.noted(f"role of user:{user_id} set to {role}")
    return True


def remove(user_id: int) -> bool:
    """Deletes a user with all sessions; False for the last administrator."""
    with transaction():
        one_at_a_time()
        user = db.session.get(User, user_id)
        if user is None:
            return True
        if _is_last_administrator(user):
            return False
        db.session.delete(user)
    security_log.noted(f"user:{user_id} removed")
    return True


def sign_out(user_id: int) -> int:
    """Ends the sessions of a user; returns how many."""
    with transaction():
        ended = UserSession.end_all(user_id)
        user = db.session.get(User, user_id)
        name, count = user.login if user else "", {"count": ended}
        audit.record("user.sessions_ended", "user", user_id, name, details=count)
    security_log.noted(f"{ended} sessions of user:{user_id} ended")
    return ended


def _is_last_administrator(user: User) -> bool:
    counted = select(func.count()).select_from(User).where(User.role == ADMINISTRATOR)
    return user.role == ADMINISTRATOR and db.session.scalar(counted) == 1
