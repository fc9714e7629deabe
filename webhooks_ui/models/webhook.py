"""A webhook: an address of a receiver, how to authorize there, and which events it gets."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webhooks_ui.audit import Audited
from webhooks_ui.authorization.base import Authorization
from webhooks_ui.authorization.base import Text as Label
from webhooks_ui.authorization.kinds import kind_of, short_label
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.catalogue.payload import JSON as JSON_TYPE
from webhooks_ui.catalogue.payload import Template
from webhooks_ui.crypto.vault import Vault
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, Sealed, now, partial_index
from webhooks_ui.models import webhook_audit, webhook_display
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.public_ids import WEBHOOK, new_id
from webhooks_ui.models.user import User
from webhooks_ui.models.webhook_secrets import WebhookSecrets
from webhooks_ui.models.webhook_settings import PLAIN, WebhookSettings
from webhooks_ui.models.webhook_switch import Switchable
from webhooks_ui.text.filters import Filters
from webhooks_ui.text.folding import folded
from webhooks_ui.text.sort_key import MAX_KEY_BYTES, sort_key


def _sort_key_of_new(context: Any) -> bytes:
    given = context.get_current_parameters()
    return sort_key(webhook_display.titled(given.get("name", ""), given["url"]))


class WebhookEvent(Model):
    """A subscription: the webhook gets events of this type."""

    __tablename__ = "webhook_events"
    __table_args__ = (Index(None, "type", "webhook_id"),)

    webhook_id: Mapped[int] = mapped_column(
        ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True
    )
    type: Mapped[str] = mapped_column(String(60), primary_key=True)


class Webhook(Switchable, WebhookSecrets, Model):
    """Secrets are kept encrypted, bound to this webhook's public id.

    `version` counts changes of the configuration: who saves over a version that is no longer the
    newest is told.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        Index(None, "channel_id"),
        # For counting, filtering and sorting by state, without the rows.
        partial_index(
            "ix_webhooks_state",
            *("enabled", "failing_since", "last_succeeded", "degraded", "paused_until"),
            *("sort_key", "id"),
            where="deleted_at IS NULL",
        ),
        # For `intake.filtering`.
        partial_index("ix_webhooks_filtered", "id", where="filters IS NOT NULL"),
        Index("ix_webhooks_name", "sort_key", "id", "deleted_at"),
        # From which the next hold and the next pause to end are read.
        partial_index("ix_webhooks_held_until", "held_until", where="held_until IS NOT NULL"),
        partial_index("ix_webhooks_paused_until", "paused_until", where="paused_until IS NOT NULL"),
        partial_index("ix_webhooks_deleted", "deleted_at", where="deleted_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True, default=lambda: new_id(WEBHOOK))
    name: Mapped[str] = mapped_column(String(200), default="")
    url: Mapped[str] = mapped_column(String(2100))
    search_text: Mapped[str] = mapped_column(Text)
    sort_key: Mapped[bytes] = mapped_column(
        LargeBinary(MAX_KEY_BYTES), default=_sort_key_of_new, deferred=True
    )
    auth_type: Mapped[str] = mapped_column(String(10), default="none")
    # The parts that are not secret, by their names in the API.
    auth_public: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    auth_secret: Mapped[str | None] = mapped_column(Sealed("{public_id}:auth"))
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id"))
    payload_format: Mapped[str] = mapped_column(String(10), default="envelope")
    method: Mapped[str] = mapped_column(String(5), default="POST", server_default="POST")
    template_body: Mapped[str | None] = mapped_column(Text)
    template_type: Mapped[str | None] = mapped_column(String(200))
    filters: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    # Of the attempt that was recorded last, a ping's too; null before the first.
    last_delivery_id: Mapped[int | None] = mapped_column(RowId)

    channel: Mapped[Channel | None] = relationship(lazy="joined")
    updated_by: Mapped[User | None] = relationship(lazy="joined")
    last_delivery: Mapped[Model | None] = relationship(  # `delivery` imports this module
        "Delivery",
        primaryjoin="foreign(Webhook.last_delivery_id) == Delivery.id",
        viewonly=True,
    )
    subscriptions: Mapped[list[WebhookEvent]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", passive_deletes=True
    )

    __audited__: ClassVar[Audited] = webhook_audit.AUDITED
    __mapper_args__ = {"version_id_col": version, "eager_defaults": False}  # noqa: RUF012  # SQLAlchemy's own form

    @property
    def title(self) -> str:
        """The name, or the receiver's host where it has none."""
        return webhook_display.titled(self.name, self.url)

    @property
    def shown_url(self) -> str:
        """The URL with its host as people write it."""
        return webhook_display.shown_url(self.url)

    @property
    def auth_label(self) -> Label:
        """The kind of authorization in a word."""
        return short_label(self.auth_type, self.auth_public)

    @property
    def event_types(self) -> list[str]:
        """The subscribed types in the catalogue's order."""
        chosen = {subscription.type for subscription in self.subscriptions}
        return [identifier for identifier in ALL_TYPES if identifier in chosen]

    @event_types.setter
    def event_types(self, chosen: Iterable[str]) -> None:
        wanted = set(chosen)
        self.subscriptions = [s for s in self.subscriptions if s.type in wanted] + [
            WebhookEvent(type=t) for t in sorted(wanted - {s.type for s in self.subscriptions})
        ]

    @property
    def chosen_filters(self) -> Filters | None:
        """What its events' data have to meet."""
        return Filters.of(self.filters)

    @property
    def template(self) -> Template:
        """What is rendered where the payload format is ``template``."""
        return Template(self.template_body or "", self.template_type or JSON_TYPE)

    def authorization(self, vault: Vault) -> Authorization:
        """The authorization with its secret in clear, to be used and not kept.

        Raises UnknownKindError and VaultError.
        """
        kind = kind_of(self.auth_type)
        secret = (
            vault.decrypt(self.auth_secret, self.secret_context("auth")) if self.auth_secret else ""
        )
        return kind.from_members(self.auth_public | {kind.secret_name(): secret})

    def authorize_with(self, chosen: Authorization, vault: Vault) -> None:
        """Sets the authorization; values of other kinds are removed."""
        secret = chosen.secret
        self.auth_type, self.auth_public = chosen.type, chosen.public
        self.auth_secret = vault.encrypt(secret, self.secret_context("auth")) if secret else None

    def settings(self, vault: Vault) -> WebhookSettings:
        """The settings as they are now, with the secret in clear."""
        return WebhookSettings(
            **{name: getattr(self, name) for name in PLAIN},
            authorization=self.authorization(vault),
            events=self.event_types,
            channel=self.channel,
            channel_key=self.channel.key if self.channel else "",
            template=self.template,
            headers=self.extra_headers(vault),
            tls=self.tls_options(vault),
            enabled=self.enabled,
            paused_until=self.resumes_at,
            filters=self.chosen_filters,
        )

    def configure(self, settings: WebhookSettings, vault: Vault, editor: User | None) -> None:
        """Applies settings and records who changed them; stored secrets are encrypted again."""
        self.stamp_editor(editor)
        self.created_at = self.created_at or self.updated_at
        if self.url != settings.url or self.hold_reason == "failing":
            self.release_hold()
        for name in PLAIN:
            setattr(self, name, getattr(settings, name))
        host = webhook_display.unicode_host(settings.url)
        self.search_text = folded(f"{settings.name}\n{settings.url}\n{host}")
        self.sort_key = sort_key(self.title)
        self.authorize_with(settings.authorization, vault)
        self.event_types = settings.events
        self.channel_id = settings.channel.id if settings.channel else None
        self.template_body = settings.template.body or None
        self.template_type = settings.template.content_type if settings.template.body else None
        self.filters = settings.filters.as_json if settings.filters else None
        self.use_tls(settings.tls, vault)
        self.use_headers(settings.headers, vault)
        if settings.enabled:
            self.enable()
        elif self.enabled is not False:
            self.disable("manual")
        if self.enabled:
            self.pause(settings.paused_until)

    def stamp_editor(self, editor: User | None) -> None:
        """Notes who changes it now."""
        with db.session.no_autoflush:  # reading the editor would write the change as a version
            self.updated_at, self.updated_by_id = now(), editor.id if editor else None

    @classmethod
    def by_public_id(cls, public_id: str) -> Self | None:
        """The webhook of this public id, if there is one that is not deleted."""
        is_there = cls.deleted_at.is_(None)
        return db.session.scalar(select(cls).where(cls.public_id == public_id, is_there))

    @classmethod
    def has_words(cls, text: str) -> list[ColumnElement[bool]]:
        """The conditions that its name or URL has all of these words."""
        words = folded(text).split()
        return [cls.search_text.contains(word, autoescape=True) for word in words]

    @classmethod
    def of_channel(cls, channel: Channel) -> Sequence[Self]:
        """The webhooks, deleted ones left out, that get the events of this channel alone."""
        own = (cls.channel_id == channel.id, cls.deleted_at.is_(None))
        return db.session.scalars(select(cls).where(*own).order_by(cls.id)).all()


BY_NAME = (Webhook.sort_key, Webhook.id)
"""The order of names, as an index has it."""
