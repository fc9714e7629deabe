"""Who may use the console: users and their sessions."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    String,
    and_,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webhooks_ui.audit import Audited, as_it_is
from webhooks_ui.audit.entry import newest_row_of
from webhooks_ui.database.engine import Model, db, is_sqlite
from webhooks_ui.database.types import Instant, RowId, Sealed, after, new_row_id, now
from webhooks_ui.models import pages
from webhooks_ui.models.keyset import newest_row
from webhooks_ui.models.pages import Page
from webhooks_ui.models.token import digest
from webhooks_ui.text.folding import composed

ROLES = ("admin", "editor", "viewer")
IDLE_LIMIT = timedelta(hours=12)
AGE_LIMIT = timedelta(days=30)


def _verb(user: "User", changes: dict[str, Any]) -> str | None:
    if "totp_secret" in changes:
        return "second_factor_on" if user.totp_secret else "second_factor_off"
    if "oidc_subject" in changes:
        return "openid_linked"
    return "recovery_code_used" if "recovery_codes" in changes else None


NO_PASSWORD = "-"  # noqa: S105  # as a hash: no password fits it


class User(Model):
    """A person who signs in with `login` (kept in lower case) and a password."""

    __tablename__ = "users"
    __audited__: ClassVar[Audited] = Audited(
        "user",
        told=dict.fromkeys(("login", "role", "email", "language", "timezone"), as_it_is),
        id=lambda user: user.id,
        silent=frozenset(("totp_step",)),
        name=lambda user: user.login,
        verb=_verb,
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    login: Mapped[str] = mapped_column(String(100), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20), default="admin")
    # Where a link for a new password is sent.
    email: Mapped[str | None] = mapped_column(String(254))
    language: Mapped[str | None] = mapped_column(String(5))
    timezone: Mapped[str | None] = mapped_column(String(64))
    # The second factor, where it is on: encrypted; the last step used; hashes of what is left.
    totp_secret: Mapped[str | None] = mapped_column(Sealed("user:{id}:totp"))
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    recovery_codes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    # Of the account at the OpenID provider, hashed with its issuer.
    oidc_subject: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)

    sessions: Mapped[list["UserSession"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def has_password(self) -> bool:
        """Whether there is one: who came by an OpenID provider has none until a link sets it."""
        return self.password_hash != NO_PASSWORD

    @property
    def secret_context(self) -> str:
        """What the secret of the second factor is bound to when it is encrypted."""
        return f"user:{self.id}:totp"

    @property
    def may_edit(self) -> bool:
        """Whether this user may change configuration; a viewer only looks."""
        return self.role != "viewer"

    @property
    def may_administer(self) -> bool:
        """Whether this user may manage API tokens and people."""
        return self.role == "admin"

    @staticmethod
    def tidy_login(login: str) -> str:
        """A login as it is kept: trimmed, in lower case, its letters composed."""
        return composed(login.strip()).lower()

    @classmethod
    def by_login(cls, login: str) -> Self | None:
        """The user of this login, whatever its case."""
        if "\0" in login:  # which PostgreSQL does not take
            return None
        return db.session.scalar(select(cls).where(cls.login == cls.tidy_login(login)))

    @classmethod
    def add(cls, login: str, password_hash: str, role: str) -> Self:
        """Adds a user to the session, within the caller's transaction."""
        user = cls(login=cls.tidy_login(login), password_hash=password_hash, role=role)
        if is_sqlite():  # it would use the id of a removed user again, by which the log knows them
            user.id = max(newest_row(cls), newest_row_of("user")) + 1
        db.session.add(user)
        return user

    @classmethod
    def everybody(cls) -> Sequence[Self]:
        """Every user, by login."""
        return db.session.scalars(select(cls).order_by(cls.login)).all()

    @classmethod
    def page(cls, number: int) -> Page[Self]:
        """A page of the list, by login."""
        return pages.find(select(cls).order_by(cls.login), number)

    @classmethod
    def exists(cls) -> bool:
        """Whether there is any user; until then the set-up page is open."""
        return db.session.scalar(select(cls.id).limit(1)) is not None


class UserSession(Model):
    """One signed-in browser: what `current_user` is. Its cookie holds a random token, we its hash.

    `token` is known only while the browser that owns the session is answered.
    """

    __tablename__ = "sessions"

    # By which the audit log knows it.
    id: Mapped[int] = mapped_column(RowId, primary_key=True, default=new_row_id)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    last_seen_at: Mapped[datetime] = mapped_column(Instant, default=after("created_at"))
    address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(300))

    user: Mapped[User] = relationship(back_populates="sessions", lazy="joined")

    token: str = ""
    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def get_id(self) -> str:
        """What Flask-Login writes into the cookie."""
        return self.token

    @property
    def login(self) -> str:
        return self.user.login

    @classmethod
    def open(cls, user: User, address: str, user_agent: str) -> Self:
        token = secrets.token_urlsafe(32)
        opened = cls(
            user=user,
            token_hash=digest(token),
            address=address[:45],
            user_agent=user_agent[:300],
        )
        opened.token = token
        db.session.add(opened)
        db.session.flush()
        return opened

    @classmethod
    def find(cls, token: str) -> "UserSession | None":
        """The living session of this token: idle for at most 12 h, at most 30 d old."""
        found = db.session.scalar(_BY_DIGEST, _limits(now()) | {"digest": digest(token)})
        if found:
            found.token = token
        return found

    @classmethod
    def of(cls, user: User) -> list[Self]:
        """The living sessions of `user`, the last seen first."""
        query = select(cls).where(cls.user_id == user.id, _ALIVE)
        newest_first = query.order_by(cls.last_seen_at.desc(), cls.id.desc())
        return list(db.session.scalars(newest_first, _limits(now())))

    @classmethod
    def end(cls, session_id: int, user_id: int) -> bool:
        """Ends one of a user's sessions; returns whether there was one."""
        ended = delete(cls).where(cls.id == session_id, cls.user_id == user_id).returning(cls.id)
        return db.session.scalar(ended) is not None

    @classmethod
    def end_all(cls, user_id: int, *, but: int = 0) -> int:
        """Ends the sessions of a user, save the one with the id `but`; returns how many."""
        ended = delete(cls).where(cls.user_id == user_id, cls.id != but).returning(cls.id)
        return len(db.session.scalars(ended).all())

    @classmethod
    def forget_ended(cls, moment: datetime) -> None:
        """Removes the sessions that have run out."""
        db.session.execute(delete(cls).where(~_ALIVE), _limits(moment))


_ALIVE = and_(
    UserSession.last_seen_at > bindparam("idle"), UserSession.created_at > bindparam("aged")
)
# Built once: every request runs it, and building it takes longer than running it.
_BY_DIGEST = select(UserSession).where(UserSession.token_hash == bindparam("digest"), _ALIVE)


def _limits(moment: datetime) -> dict[str, Any]:
    return {"idle": moment - IDLE_LIMIT, "aged": moment - AGE_LIMIT}


def last_seen(users: Iterable[User]) -> dict[int, datetime]:
    """When these users were seen last, by row id; those without a session are left out."""
    latest = select(UserSession.user_id, func.max(UserSession.last_seen_at, type_=Instant))
    latest = latest.where(UserSession.user_id.in_([user.id for user in users]))
    rows = db.session.execute(latest.group_by(UserSession.user_id)).all()
    return dict(iter(rows))
