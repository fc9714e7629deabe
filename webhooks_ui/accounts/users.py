"""Adding users and setting passwords, with the rules that console and command line share.

Expected failures are values: `Problems`, by the form's field.
"""

from collections.abc import Callable

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from webhooks_ui.accounts import passwords, security_log, throttle
from webhooks_ui.accounts.throttle import one_at_a_time
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import AccountLink, User, UserSession
from webhooks_ui.models.user import ROLES
from webhooks_ui.text.visibility import is_visible

ADMINISTRATOR = "admin"
MAX_LOGIN_CHARACTERS = 100
Problems = dict[str, LazyString]
"""Messages by field (`login`, `password`, `role`); empty when all is well."""
_LAST_ADMINISTRATOR = _l(
    "This is the only administrator. Make somebody else an administrator first."
)


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

    def add(password_hash: str) -> User | Problems:
        if only_first and User.exists():
            return {"login": _l("The console is set up already. Sign in.")}
        return make(login, password_hash, role)

    return with_hash(login, password, role, add, f"user made, {role}")


def set_password(login: str, password: str, role: str | None = None) -> Problems:
    """Sets the password (and role) of a user; ends the sessions and the lock-out of the account."""

    def renew(password_hash: str) -> User | Problems:
        user = User.by_login(login)
        if user is None:
            return {"login": _l("There is no user with this login.")}
        if role and (problem := role_problem(user, role)):
            return {"role": problem}
        user.role = role or user.role
        AccountLink.end_all(user)
        return set_hash(user, password_hash)

    return with_hash(login, password, role or ADMINISTRATOR, renew, "password set")


def with_hash(
    login: str,
    password: str,
    role: str,
    change: Callable[[str], User | Problems],
    done: str,
) -> Problems:
    """Has the password's hash stored by `change`, one call at a time, and logs it as `done`."""
    if found := problems(login, password, role):
        return found
    password_hash = passwords.hash_password(password)  # slow: before the transaction
    with transaction():
        one_at_a_time()
        changed = change(password_hash)
        if not isinstance(changed, User):
            return changed
        db.session.flush()
        user_id = changed.id
    security_log.done(done, user_id)
    return {}


def make(login: str, password_hash: str, role: str) -> User | Problems:
    """Adds a user, unless the login is taken; within the caller's transaction."""
    if User.by_login(login):
        return {"login": _l("This login is taken.")}
    return User.add(login, password_hash, role)


def set_hash(user: User, password_hash: str) -> User:
    """Sets the password, ends sessions and lock-out; within the caller's transaction."""
    user.password_hash = password_hash
    UserSession.end_all(user.id)
    throttle.lift(user.login)
    return user


def role_problem(user: User, role: str | None) -> LazyString | None:
    """Why a user cannot have another role, or be removed (None): the last administrator stays."""
    if user.role != ADMINISTRATOR or role == ADMINISTRATOR:
        return None
    counted = select(func.count()).select_from(User).where(User.role == ADMINISTRATOR)
    return _LAST_ADMINISTRATOR if db.session.scalar(counted) == 1 else None
