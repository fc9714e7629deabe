"""A webhook as a line of the list: columns of it, its channel, its events and its last delivery."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache

from flask_babel.speaklater import LazyString
from sqlalchemy import func, select

from webhooks_ui.catalogue import ALL_TYPES
from webhooks_ui.database import db
from webhooks_ui.models import delivery_line, webhook_words
from webhooks_ui.models.among import among
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.delivery_line import DeliveryLine
from webhooks_ui.models.webhook import Webhook, WebhookEvent


@dataclass(frozen=True, slots=True)
class WebhookLine:
    """Named as in `Webhook`, of which it is a part; `channel` is the channel's name."""

    id: int
    public_id: str
    name: str
    url: str
    auth_type: str
    auth_header_name: str | None
    enabled: bool
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    last_succeeded: bool | None
    last_delivery_id: int | None
    channel: str | None
    event_types: tuple[str, ...]
    last_delivery: DeliveryLine | None

    @property
    def title(self) -> str:
        """As `Webhook.title`."""
        return webhook_words.titled(self.name, self.url)

    @property
    def shown_url(self) -> str:
        """As `Webhook.shown_url`."""
        return webhook_words.shown_url(self.url)

    @property
    def auth_label(self) -> str | LazyString:
        """The kind of authorization in a word."""
        return webhook_words.auth_label(self.auth_type, self.auth_header_name)

    @property
    def state(self) -> str:
        """As `Webhook.state`."""
        return webhook_words.state(self.enabled, self.failing_since, self.last_succeeded)


def load(ids: Sequence[int]) -> list[WebhookLine]:
    """These webhooks, in the given order."""
    if not ids:
        return []
    rows = db.session.execute(_LINES, {"ids": ids}).all()
    last_ids = [row.last_delivery_id for row in rows if row.last_delivery_id]
    last = {line.id: line for line in delivery_line.load(last_ids)}
    by_id = {}
    for *own, types in rows:
        own += [_chosen(types or ""), last.get(own[_AT_LAST])]
        by_id[own[0]] = WebhookLine(*own)
    return [by_id[row] for row in ids if row in by_id]


@lru_cache(maxsize=1024)
def _chosen(types: str) -> tuple[str, ...]:
    """Event types in the catalogue's order, from a list with commas in any order."""
    chosen = set(types.split(","))
    return tuple(identifier for identifier in ALL_TYPES if identifier in chosen)


_NAMES = [field.name for field in fields(WebhookLine)[:-3]]
_AT_LAST = _NAMES.index("last_delivery_id")
_TYPES = select(func.aggregate_strings(WebhookEvent.type, ",")).where(
    WebhookEvent.webhook_id == Webhook.id
)
_LINES = (
    select(
        *(getattr(Webhook, name) for name in _NAMES),
        Channel.name,
        _TYPES.correlate(Webhook).scalar_subquery(),
    )
    .outerjoin(Channel, Channel.id == Webhook.channel_id)
    .where(among(Webhook.id))
)
