"""A webhook as a line of the list: columns of it, its channel, its events and its last delivery,
all read in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, bindparam, func, select

from webhooks_ui.authorization.base import Text
from webhooks_ui.authorization.kinds import short_label
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.database.engine import db
from webhooks_ui.explanations import verdicts
from webhooks_ui.models import webhook_display
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.delivery import Attempt, Delivery
from webhooks_ui.models.delivery_rows import ATTEMPT, IS_LAST, LastAttempt, headline
from webhooks_ui.models.webhook import Webhook, WebhookEvent


class LastDelivery(NamedTuple):
    """What the list tells of a webhook's last delivery; named as in `Delivery`."""

    public_id: str
    status: str
    test: bool
    error: str | None
    lease_until: datetime | None
    created_at: datetime
    attempt: LastAttempt | None

    @property
    def headline(self) -> verdicts.Headline:
        """What came of it, in few words."""
        return headline(self.status, self.lease_until, self.attempt)


@dataclass(frozen=True, slots=True)
class WebhookLine:
    """Named as in `Webhook`, of which it is a part; `channel` is the channel's name."""

    id: int
    public_id: str
    name: str
    url: str
    auth_type: str
    auth_public: dict[str, str]
    enabled: bool
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    last_succeeded: bool | None
    last_delivery_id: int | None
    channel: str | None
    event_types: tuple[str, ...]
    last_delivery: LastDelivery | None

    @property
    def title(self) -> str:
        """As `Webhook.title`."""
        return webhook_display.titled(self.name, self.url)

    @property
    def shown_url(self) -> str:
        """As `Webhook.shown_url`."""
        return webhook_display.shown_url(self.url)

    @property
    def auth_label(self) -> Text:
        """The kind of authorization in a word."""
        return short_label(self.auth_type, self.auth_public)

    @property
    def state(self) -> str:
        """As `Webhook.state`."""
        return webhook_display.state(self.enabled, self.failing_since, self.last_succeeded)


def load(ids: Sequence[int]) -> list[WebhookLine]:
    """These webhooks, in the given order."""
    if not ids:
        return []
    by_id = {}
    for row in db.session.execute(_LINES, {"ids": ids}):
        channel, types = row[_OWN.stop : _LAST.start]
        whole: list[Any] = [*row[_OWN], channel, _chosen(types or ""), _last(row)]
        by_id[row[0]] = WebhookLine(*whole)
    return [by_id[row] for row in ids if row in by_id]


def _last(row: Row[Any]) -> LastDelivery | None:
    if row[_LAST.start] is None:
        return None
    attempt = LastAttempt(*row[_ATTEMPT])
    whole: list[Any] = [*row[_LAST], None if attempt.duration_ms is None else attempt]
    return LastDelivery(*whole)


@lru_cache(maxsize=1024)
def _chosen(types: str) -> tuple[str, ...]:
    """Event types in the catalogue's order, from a list with commas in any order."""
    chosen = set(types.split(","))
    return tuple(identifier for identifier in ALL_TYPES if identifier in chosen)


_COLUMNS = [getattr(Webhook, field.name) for field in fields(WebhookLine)[:-3]]
_OF_LAST = [getattr(Delivery, name) for name in LastDelivery._fields[:-1]]
_OWN = slice(len(_COLUMNS))
_LAST = slice(_OWN.stop + 2, _OWN.stop + 2 + len(_OF_LAST))
_ATTEMPT = slice(_LAST.stop, None)
_TYPES = select(func.aggregate_strings(WebhookEvent.type, ",")).where(
    WebhookEvent.webhook_id == Webhook.id
)
_LINES: Select[Any] = (
    select(
        *_COLUMNS, Channel.name, _TYPES.correlate(Webhook).scalar_subquery(), *_OF_LAST, *ATTEMPT
    )
    .outerjoin(Channel, Channel.id == Webhook.channel_id)
    .outerjoin(Delivery, Delivery.id == Webhook.last_delivery_id)
    .outerjoin(Attempt, IS_LAST)
    .where(Webhook.id.in_(bindparam("ids", expanding=True)))
)
