"""A source: another program whose own webhooks are taken in as events."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self

from sqlalchemy import JSON, String, event, select
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.audit import Audited, as_it_is
from webhooks_ui.crypto.vault import Vault
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, Sealed, after, now
from webhooks_ui.models import pages
from webhooks_ui.models.memory import Memory
from webhooks_ui.models.pages import Page
from webhooks_ui.models.public_ids import SOURCE, Public, new_id
from webhooks_ui.models.token import digest


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What of a source's requests is taken, and how.

    `without_updates`: the sender leaves `conversation_updated` out, so its event of the status is
    taken. `substatus_key` names the custom attribute that holds our substatus. `channel_prefix`
    stands before the inbox's number in a channel's key, where several installations send.
    """

    private_notes: bool = False
    without_updates: bool = False
    substatus_key: str = ""
    channel_prefix: str = ""


class KnownSource(NamedTuple):
    """What a request of a source needs of it; its signing secret is encrypted."""

    id: int
    public_id: str
    name: str
    secret: str | None
    options: SourceOptions

    def signing_secret(self, vault: Vault) -> str | None:
        """The secret in clear. Raises VaultError."""
        return _in_clear(self, vault)


MEMORY = Memory[KnownSource]()


class Source(Public, Model):
    """`token_hash` is that of the token in its URL, `secret` what its requests are signed with."""

    __tablename__ = "sources"
    __audited__: ClassVar[Audited] = Audited(
        "source",
        told=dict.fromkeys(("name", "kind", "options"), as_it_is),
        silent=frozenset(("updated_at",)),
        verb=lambda _source, changes: "token_rotated" if "token_hash" in changes else None,
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True, default=lambda: new_id(SOURCE))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    secret: Mapped[str | None] = mapped_column(Sealed("{public_id}:secret"))
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=after("created_at"), onupdate=now)

    @property
    def chosen(self) -> SourceOptions:
        return SourceOptions(**self.options)

    def choose(self, options: SourceOptions) -> None:
        self.options = asdict(options)

    def issue_token(self) -> str:
        """Gives it a new token, which cannot be shown again; the former one ends."""
        text = f"whus_{secrets.token_urlsafe(32)}"
        self.token_hash = digest(text)
        return text

    def sign_with(self, secret: str | None, vault: Vault) -> None:
        """Sets the secret that its requests are signed with; None for none."""
        self.secret = vault.encrypt(secret, _context(self.public_id)) if secret else None

    def signing_secret(self, vault: Vault) -> str | None:
        """The secret in clear. Raises VaultError."""
        return _in_clear(self, vault)

    @classmethod
    def by_token(cls, kind: str, token: str) -> KnownSource | None:
        """The source of this kind and token, from memory where it was found a moment ago."""
        token_hash = digest(token)

        def look_up() -> KnownSource | None:
            columns = cls.id, cls.public_id, cls.name, cls.secret, cls.options
            own = cls.token_hash == token_hash, cls.kind == kind
            with db.engine.connect() as connection:
                row = connection.execute(select(*columns).where(*own)).one_or_none()
            if row is None:
                return None
            known = KnownSource(*row)
            return known._replace(options=SourceOptions(**row.options))

        return MEMORY.recall(f"{kind}:{token_hash}", look_up)

    @classmethod
    def page(cls, number: int) -> Page[Self]:
        """A page of the list, the newest first."""
        return pages.find(select(cls).order_by(cls.id.desc()), number)


def _context(public_id: str) -> str:
    """What the signing secret of a source is bound to."""
    return f"{public_id}:secret"


def _in_clear(source: Source | KnownSource, vault: Vault) -> str | None:
    return vault.decrypt(source.secret, _context(source.public_id)) if source.secret else None


def _forget(_mapper: object, _connection: object, _source: Source) -> None:
    MEMORY.forget_after_commit(db.session())


for _moment in ("after_update", "after_delete"):
    event.listen(Source, _moment, _forget)
