"""The list of webhooks: search, filters, order and pages, to and from the URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import lazyload

from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.database.engine import db
from webhooks_ui.models import webhook_rows
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.keyset import row_of
from webhooks_ui.models.pages import Page, number_of, within
from webhooks_ui.models.webhook import BY_NAME, Webhook, WebhookEvent
from webhooks_ui.models.webhook_rows import WebhookRow
from webhooks_ui.text.folding import folded

PAGE_SIZE = 25  # tall rows, of three or four lines each
STATES = ("working", "failing", "untested", "disabled")
SORTS = ("name", "-name", "-created", "created", "-last", "last")


@dataclass(frozen=True, slots=True)
class WebhookQuery:
    """The list's query; unknown values of a URL are ignored."""

    q: str = ""
    status: str = ""
    event: str = ""
    channel: str = ""
    sort: str = "name"
    page: int = 1

    @classmethod
    def parse(cls, arguments: Mapping[str, str]) -> Self:
        """From the arguments of a URL."""
        return cls(
            q=arguments.get("q", "").strip()[:200],
            status=_one_of(STATES, arguments.get("status", "")),
            event=_one_of(ALL_TYPES, arguments.get("event", "")),
            channel=arguments.get("channel", "")[:100],
            sort=_one_of(SORTS, arguments.get("sort", "")) or "name",
            page=number_of(arguments.get("page", "")),
        )

    @property
    def active(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.q or self.status or self.event or self.channel)

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """The URL's arguments with some changed; defaults are left out."""
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

    def find(self) -> Page[WebhookRow]:
        """The page asked for, or the last one if there are fewer."""
        narrowed = self._narrowed(select(Webhook.id))
        if self.q:  # a search is slow: done once, for the count and the rows
            found = db.session.scalars(narrowed.order_by(*self._order())).all()
            number = within(self.page, len(found), PAGE_SIZE)
            ids = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
            return Page(webhook_rows.load(ids), len(found), number, PAGE_SIZE)
        total = db.session.scalar(narrowed.with_only_columns(func.count())) or 0
        number = within(self.page, total, PAGE_SIZE)
        rows = webhook_rows.load(self._ids(narrowed, total, number))
        return Page(rows, total, number, PAGE_SIZE)

    def _ids(self, narrowed: Select[int], total: int, number: int) -> Sequence[int]:
        """The ids of one page, read from the nearer end: skipped rows cost time too."""
        first, last = (number - 1) * PAGE_SIZE, min(number * PAGE_SIZE, total)
        if first <= total // 2:
            ordered = narrowed.order_by(*self._order()).offset(first)
            return db.session.scalars(ordered.limit(last - first)).all()
        backwards = narrowed.order_by(*self._order(backwards=True)).offset(total - last)
        return db.session.scalars(backwards.limit(last - first)).all()[::-1]

    def _narrowed(self, query: Select[int]) -> Select[int]:
        query = query.where(Webhook.deleted_at.is_(None))
        for word in folded(self.q).split():
            query = query.where(Webhook.search_text.contains(word, autoescape=True))
        if self.event:
            own = WebhookEvent.webhook_id == Webhook.id
            query = query.where(exists().where(own, WebhookEvent.type == self.event))
        if self.channel == "*":
            query = query.where(Webhook.channel_id.is_(None))
        elif self.channel:
            query = query.where(Webhook.channel_id == row_of(Channel.key, self.channel))
        return query.where(_state_is(self.status)) if self.status else query

    def _order(self, *, backwards: bool = False) -> list[ColumnElement[Any]]:
        columns: dict[str, ColumnElement[Any]] = {
            "name": Webhook.sort_key.expression,
            "created": Webhook.id.expression,
            "last": func.coalesce(Webhook.last_delivery_id, 0),
        }
        column = columns[self.sort.removeprefix("-")]
        falls = self.sort.startswith("-") != backwards
        return [
            column.desc() if falls else column.asc(),
            Webhook.id.desc() if backwards else Webhook.id.asc(),
        ]


def _state_is(state: str) -> ColumnElement[bool]:
    """`webhook_display.state` in SQL."""
    since, succeeded = Webhook.failing_since, Webhook.last_succeeded
    match state:
        case "disabled":
            return Webhook.enabled.is_(False)
        case "failing":
            return Webhook.enabled & (since.is_not(None) | succeeded.is_(False))
        case "working":
            return Webhook.enabled & since.is_(None) & succeeded.is_(True)
        case _:
            return Webhook.enabled & since.is_(None) & succeeded.is_(None)


def _one_of(known: Any, text: str) -> str:
    return text if text in known else ""


def named(words: str) -> str | None:
    """The public id of the one webhook of this name, or of the only one that has these words."""
    plain = folded(words)
    found = suggestions(words, 50)
    same = [webhook for webhook in found if folded(webhook.title) == plain] or found
    return same[0].public_id if len(same) == 1 else None


def suggestions(words: str, most: int) -> Sequence[Webhook]:
    """Webhooks with these words in their name or URL, by name."""
    query = select(Webhook).options(lazyload("*")).where(Webhook.deleted_at.is_(None))
    for word in folded(words).split():
        query = query.where(Webhook.search_text.contains(word, autoescape=True))
    return db.session.scalars(query.order_by(*BY_NAME).limit(most)).all()
