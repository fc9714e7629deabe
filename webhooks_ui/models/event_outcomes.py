"""The outcome of an event at every webhook: which got it, which did not, and why."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import lazyload

from webhooks_ui.catalogue.event_types import EVENT_TYPES, OPERATIONAL_TYPES
from webhooks_ui.database.engine import db
from webhooks_ui.models import delivery_rows, pages
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.event import Event
from webhooks_ui.models.matching import Reason, reasons
from webhooks_ui.models.pages import Page
from webhooks_ui.models.webhook import BY_NAME, Webhook
from webhooks_ui.models.webhook_history import WebhookState
from webhooks_ui.text.filters import Condition, Filters

PAGE = 50


@dataclass(frozen=True, slots=True)
class WebhookOutcome:
    """A webhook, and how it was set up when the event came, which decides whether it gets it.
    `setup` is None if it did not exist yet, `unmet` the conditions that kept the event from it."""

    webhook: Webhook
    reasons: tuple[Reason, ...]
    setup: WebhookState | None
    unmet: tuple[Condition, ...] = ()


def deliveries(event: Event) -> Sequence[Delivery]:
    """The event's deliveries with their last attempts, the oldest first, 50 at most."""
    own = select(Delivery.id).where(Delivery.event_id == event.id).order_by(Delivery.id)
    return delivery_rows.load(db.session.scalars(own.limit(PAGE)).all())


def cases(event: Event, deliveries: Sequence[Delivery]) -> dict[int, WebhookOutcome]:
    """By delivery id, how the webhook was set up when the event came."""
    webhooks = {delivery.id: delivery.webhook for delivery in deliveries if delivery.webhook}
    then = _states(event, [webhook.id for webhook in webhooks.values()])
    return {row: _explain(event, one, then.get(one.id)) for row, one in webhooks.items()}


def missed(event: Event, words: str, number: int) -> Page[WebhookOutcome]:
    """Webhooks that did not get the event, searched by words of their name or URL."""
    got = select(Delivery.webhook_id).where(
        Delivery.event_id == event.id, Delivery.webhook_id.is_not(None)
    )
    # With those deleted since: they existed when the event came.
    was_there = Webhook.deleted_at.is_(None) | (Webhook.deleted_at > event.created_at)
    query = select(Webhook).options(lazyload("*")).order_by(*BY_NAME)
    query = query.where(was_there, Webhook.id.not_in(got), *Webhook.has_words(words))
    page = pages.find(query, number, PAGE)
    then = _states(event, [webhook.id for webhook in page.items])
    items = [_explain(event, one, then.get(one.id)) for one in page.items]
    return Page(items, page.total, page.number, PAGE)


def _states(event: Event, webhook_ids: Collection[int]) -> dict[int, WebhookState]:
    """How these webhooks were set up when the event came."""
    latest = (
        select(func.max(WebhookState.id))
        .where(WebhookState.webhook_id.in_(webhook_ids), WebhookState.since <= event.created_at)
        .group_by(WebhookState.webhook_id)
    )
    found = db.session.scalars(select(WebhookState).where(WebhookState.id.in_(latest)))
    return {state.webhook_id: state for state in found}


def _subject(event: Event) -> str:
    """The public id of the webhook that an event of the console's own is about."""
    found: str = json.loads(event.data)["webhook"]["id"]
    return found


def _explain(event: Event, webhook: Webhook, setup: WebhookState | None) -> WebhookOutcome:
    against = reasons(event.type, event.channel_id, setup, event.created_at)
    unmet: tuple[Condition, ...] = ()
    filters = Filters.of(setup.filters) if setup else None
    if filters and event.type in EVENT_TYPES and not event.test:
        unmet = filters.unmet(event.parsed_data)
    if unmet:
        against += ("filtered",)
    if event.type in OPERATIONAL_TYPES and not event.test and _subject(event) == webhook.public_id:
        against += ("itself",)
    return WebhookOutcome(webhook, against, setup, unmet)
