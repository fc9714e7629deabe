"""Changes to a source: each is one call and one transaction."""

from dataclasses import dataclass, field

from webhooks_ui.crypto.vault import Vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models.public_ids import SOURCE, new_id
from webhooks_ui.models.source import Source, SourceOptions


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """What people decide about a source, checked. `secret` is None for the one that is stored."""

    name: str
    secret: str | None = field(default=None, repr=False)
    options: SourceOptions = field(default_factory=SourceOptions)
    drop_secret: bool = False


def make(kind: str, settings: SourceSettings, vault: Vault) -> tuple[str, str]:
    """The public id and the token of a new source."""
    with transaction():
        source = Source(public_id=new_id(SOURCE), kind=kind)
        token = source.issue_token()
        configure(source, settings, vault)
        db.session.add(source)
        db.session.flush()
        public_id = source.public_id
    return public_id, token


def change(source: Source, settings: SourceSettings, vault: Vault) -> None:
    """Sets what people decide."""
    with transaction():
        configure(source, settings, vault)


def rotate_token(source: Source) -> str:
    """A new token; requests with the former one are refused."""
    with transaction():
        return source.issue_token()


def delete(source: Source) -> None:
    """Deletes a source with its requests; the events they became stay."""
    with transaction():
        db.session.delete(source)


def configure(source: Source, settings: SourceSettings, vault: Vault) -> None:
    """Sets what people decide, within the caller's transaction."""
    source.name = settings.name
    source.choose(settings.options)
    if settings.secret or settings.drop_secret:
        source.sign_with(settings.secret, vault)
