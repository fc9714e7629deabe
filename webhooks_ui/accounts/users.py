"""Adding users and setting passwords, with the rules that console and command line share.

Expected failures are values: `Problems`, by the form's field.
"""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from webhooks_ui.accounts import passwords, security_log, throttle
from webhooks_ui.accounts.throttle import one_at_a_time
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import User, UserSession
from webhooks_ui.models.user import ROLES
from webhooks_ui.text.visibility import is_visible

MAX_LOGIN_CHARACTERS = 100
Problems = dict[str, LazyString]
"""Messages by field (`login`, `password`, `role`); empty when all is well."""


def login_problem(login: str) -> LazyString | None:
    """Why `login` cannot be one; None when it can."""
    login = User.tidy_login(login)
    if not login:
        return _l("Enter a login.")
    if len(login) > MAX_LOGIN_CHARACTERS:
        return _l("Use at most %(count)s characters.", count=MAX_LOGIN_CHARACTERS)
    if not (login.isprintable() and is_visible(login)):
        return _l("Use visible characters only.")
    return None


def problems(login: str, password: str, role: str = "admin") -> Problems:
    found = {
        "login": login_problem(login),
        "password": passwords.problem(password, User.tidy_login(login)),
        "role": None if role in ROLES else _l("Use one of the roles admin, editor and viewer."),
    }
    return {name: text for name, text in found.items() if text}


def add_user(
    login: str, password: str, role: str = "admin", *, only_first: bool = False
) -> Problems:
    """Adds a user; with `only_first` only while there is none, also with concurrent calls."""
    if found := problems(login, password, role):
        return found
    password_hash = passwords.hash_password(password)
    with transaction():
        one_at_a_time()
        if only_first and User.exists():
            return {"login": _l("The console is set up already. Sign in.")}
        if User.by_login(login):
            return {"login": _l("This login is taken.")}
        user = User(login=User.tidy_login(login), password_hash=password_hash, role=role)
        db.session.add(user)
        db.session.flush()
        user_id = user.id
    security_log.done(f"user made, {role}", user_id)
    return {}


def set_password(login: str, password: str, role: str | None = None) -> Problems:
    """Sets the password (and role) of a user; ends the sessions and the lock-out of the account."""
    if found := problems(login, password, role or "admin"):
        return found
    password_hash = passwords.hash_password(password)
    with transaction():
        user = User.by_login(login)
        if user is None:
            return {"login": _l("There is no user with this login.")}
        user.password_hash = password_hash
        user.role = role or user.role
        UserSession.end_all(user.id)
        throttle.lift(login)
        user_id = user.id
    security_log.done("password set", user_id)
    return {}
