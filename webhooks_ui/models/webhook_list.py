"""The list of webhooks: search, filters, order and pages, all of it from and to the URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import aliased, lazyload
from sqlalchemy.orm.attributes import set_committed_value

from webhooks_ui.catalogue import ALL_TYPES
from webhooks_ui.database import db
from webhooks_ui.models import delivery_list
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.webhook import Webhook, WebhookEvent

PAGE_SIZE = 50
STATES = ("working", "failing", "untested", "disabled")
SORTS = ("name", "-name", "-created", "created", "-last", "last")
_Last = aliased(Delivery)


@dataclass(frozen=True, slots=True)
class WebhookQuery:
    """What the list is asked for; what a URL says that means nothing is left out."""

    q: str = ""
    status: str = ""
    event: str = ""
    channel: str = ""
    sort: str = "name"
    page: int = 1

    @classmethod
    def parse(cls, arguments: Mapping[str, str]) -> Self:
        """From the arguments of a URL."""
        page = arguments.get("page", "")
        return cls(
            q=arguments.get("q", "").strip()[:200],
            status=_one_of(STATES, arguments.get("status", "")),
            event=_one_of(ALL_TYPES, arguments.get("event", "")),
            channel=arguments.get("channel", "")[:100],
            sort=_one_of(SORTS, arguments.get("sort", "")) or "name",
            page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        )

    @property
    def active(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.q or self.status or self.event or self.channel)

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """The URL's arguments with some changed; what is as it is by itself is left out."""
        wanted = {
            "q": self.q,
            "status": self.status,
            "event": self.event,
            "channel": self.channel,
            "sort": self.sort,
            "page": self.page,
        } | changes
        default = {"sort": "name", "page": 1}
        return {k: str(v) for k, v in wanted.items() if v and v != default.get(k)}

    def find(self) -> "Page":
        """The page that was asked for, or the last one when there are fewer."""
        narrowed = self._narrowed(select(Webhook.id))
        counted = narrowed.with_only_columns(func.count(Webhook.id)).order_by(None)
        total = db.session.scalar(counted) or 0
        number = max(1, min(self.page, -(-total // PAGE_SIZE)))
        ordered = narrowed.order_by(*self._order()).offset((number - 1) * PAGE_SIZE)
        ids = db.session.scalars(ordered.limit(PAGE_SIZE)).all()
        return Page(self._loaded(ids), total, number)

    @staticmethod
    def _loaded(ids: Sequence[int]) -> list[Webhook]:
        """These webhooks in this order, with their last deliveries."""
        chosen = select(Webhook).where(Webhook.id.in_(ids))
        alone = (lazyload(Webhook.last_delivery), lazyload(Webhook.updated_by))
        by_id = {webhook.id: webhook for webhook in db.session.scalars(chosen.options(*alone))}
        last = {hook.last_delivery_id: hook for hook in by_id.values() if hook.last_delivery_id}
        found = {delivery.id: delivery for delivery in delivery_list.load([*last])}
        for webhook in by_id.values():
            delivery = found.get(webhook.last_delivery_id or 0)
            set_committed_value(webhook, "last_delivery", delivery)
        return [by_id[row] for row in ids if row in by_id]

    def _narrowed(self, query: Select[int]) -> Select[int]:
        query = query.where(Webhook.deleted_at.is_(None))
        for word in self.q.casefold().split():
            query = query.where(Webhook.search_text.contains(word, autoescape=True))
        if self.event:
            subscribed = select(WebhookEvent.webhook_id).where(WebhookEvent.type == self.event)
            query = query.where(Webhook.id.in_(subscribed))
        if self.channel == "*":
            query = query.where(Webhook.channel_id.is_(None))
        elif self.channel:
            key = select(Channel.id).where(Channel.key == self.channel)
            query = query.where(Webhook.channel_id.in_(key))
        if self.status == "disabled":
            return query.where(Webhook.enabled.is_(False))
        if not self.status:
            return query
        query = query.outerjoin(_Last, Webhook.last_delivery_id == _Last.id)
        return query.where(Webhook.enabled, _state_is(self.status))

    def _order(self) -> list[ColumnElement[Any]]:
        columns: dict[str, ColumnElement[Any]] = {
            "name": Webhook.search_text.expression,
            "created": Webhook.id.expression,
            "last": func.coalesce(Webhook.last_delivery_id, 0),
        }
        column = columns[self.sort.removeprefix("-")]
        return [column.desc() if self.sort.startswith("-") else column.asc(), Webhook.id.asc()]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of webhooks of `total`; pages are counted from 1."""

    items: Sequence[Webhook]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, 1 at least."""
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def first(self) -> int:
        """The number of the first webhook on the page."""
        return (self.number - 1) * PAGE_SIZE + 1 if self.total else 0

    @property
    def last(self) -> int:
        """The number of the last one."""
        return min(self.number * PAGE_SIZE, self.total)

    @property
    def has_prev(self) -> bool:
        """Whether there is a page before."""
        return self.number > 1

    @property
    def has_next(self) -> bool:
        """Whether there is a page after."""
        return self.number < self.pages


def _state_is(state: str) -> ColumnElement[bool]:
    """`Webhook.state` of one that is enabled, in SQL."""
    succeeded = _Last.status == "succeeded"
    tried = or_(_Last.status == "failed", _Last.attempts_made > 0)
    fails = Webhook.failing_since.is_not(None)
    match state:
        case "working":
            return ~fails & succeeded
        case "failing":
            return fails | (~succeeded & tried)
        case _:
            return ~fails & or_(_Last.id.is_(None), ~succeeded & ~tried)


def _one_of(known: Any, text: str) -> str:
    return text if text in known else ""


def named(words: str) -> str | None:
    """The public id of the one webhook of this name, or of the only one that has these words."""
    plain = words.casefold()
    found = suggestions(words, 50)
    same = [webhook for webhook in found if webhook.title.casefold() == plain] or found
    return same[0].public_id if len(same) == 1 else None


def suggestions(words: str, most: int) -> Sequence[Webhook]:
    """Webhooks with these words in their name or URL, by name."""
    query = select(Webhook).options(lazyload("*")).where(Webhook.deleted_at.is_(None))
    for word in words.casefold().split():
        query = query.where(Webhook.search_text.contains(word, autoescape=True))
    return db.session.scalars(query.order_by(Webhook.search_text, Webhook.id).limit(most)).all()
