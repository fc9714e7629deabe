"""The list of webhooks: search, filters, order and pages, to and from the URL."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import lazyload

from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.database.engine import db
from webhooks_ui.explanations.states import ATTENTION, RANKED, State
from webhooks_ui.models import webhook_latest, webhook_ranks, webhook_rows
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.keyset import row_of
from webhooks_ui.models.pages import ListQuery, Page, within
from webhooks_ui.models.webhook import BY_NAME, Webhook, WebhookEvent
from webhooks_ui.models.webhook_latest import Keys
from webhooks_ui.text.folding import folded

PAGE_SIZE = 25  # tall rows, of two lines each
STATES = ("attention", *RANKED)
"""What the list can be narrowed to: the states, and the two that need attention together."""
SORTS = ("attention", "name", "-name", "-created", "created", "-last", "last")


@dataclass(frozen=True, slots=True)
class WebhookPage(Page[Webhook]):
    """A page of the list, and how many webhooks are in each state, whatever state is asked for."""

    counts: Mapping[State, int] = field(default_factory=dict)

    @property
    def all(self) -> int:
        """How many there are in any state."""
        return sum(self.counts.values())

    def in_states(self, states: Sequence[State]) -> int:
        """How many there are in these."""
        return sum(self.counts[state] for state in states)


@dataclass(frozen=True)
class WebhookQuery(ListQuery):
    """The list of webhooks as its URL asks for it."""

    KNOWN: ClassVar = {"status": STATES, "event": ALL_TYPES, "sort": SORTS}
    IDLE: ClassVar = ("sort", "page")

    q: str = ""
    status: str = ""
    event: str = ""
    channel: str = ""
    sort: str = "attention"
    page: int = 1

    def find(self) -> WebhookPage:
        """The page asked for, or the last one if there are fewer."""
        narrowed, states = self._narrowed(select(Webhook.id)), self._states
        if self.q:  # a search is slow: done once, for the counts and the rows
            return self._searched(narrowed, states)
        counts = webhook_ranks.counts(narrowed)
        total = sum(counts[name] for name in states)
        number = within(self.page, total, PAGE_SIZE)
        span = range((number - 1) * PAGE_SIZE, min(number * PAGE_SIZE, total))
        before = 0
        if self.sort == "attention":  # only the states of this page are sorted
            states, before = _covering(span, {name: counts[name] for name in states})
        if len(states) < len(RANKED):
            narrowed = narrowed.where(webhook_ranks.is_in(states))
        size = sum(counts[name] for name in states)
        rows = webhook_rows.load(self._ids(narrowed, size, span.start - before, len(span)))
        return WebhookPage(rows, total, number, PAGE_SIZE, counts)

    @property
    def _states(self) -> list[State]:
        """The states that are asked for."""
        chosen = ATTENTION if self.status == "attention" else (self.status,)
        return [name for name in RANKED if not self.status or name in chosen]

    def _searched(self, narrowed: Select[int], states: Sequence[State]) -> WebhookPage:
        ordered = narrowed.order_by(*self._order())
        found = db.session.execute(ordered.add_columns(webhook_ranks.rank())).all()
        places = Counter(place for _, place in found)
        counts = {name: places[place] for place, name in enumerate(RANKED)}
        ids = [row for row, place in found if RANKED[place] in states]
        number = within(self.page, len(ids), PAGE_SIZE)
        rows = webhook_rows.load(ids[(number - 1) * PAGE_SIZE : number * PAGE_SIZE])
        return WebhookPage(rows, len(ids), number, PAGE_SIZE, counts)

    def _ids(self, narrowed: Select[int], total: int, first: int, count: int) -> Sequence[int]:
        """The ids of one page, read from the nearer end: skipped rows cost time too."""
        if self.sort == "-last" and total > webhook_latest.FEW:
            latest = webhook_latest.latest(narrowed, first, count)
            if latest:
                return latest
        if first <= total // 2:
            ordered = narrowed.order_by(*self._order()).offset(first)
            return db.session.scalars(ordered.limit(count)).all()
        left = total - first - count
        backwards = narrowed.order_by(*self._order(backwards=True)).offset(left)
        return db.session.scalars(backwards.limit(count)).all()[::-1]

    def _narrowed(self, query: Select[Any]) -> Select[Any]:
        query = query.where(Webhook.deleted_at.is_(None), *Webhook.has_words(self.q))
        if self.event:
            own = WebhookEvent.webhook_id == Webhook.id
            query = query.where(exists().where(own, WebhookEvent.type == self.event))
        if self.channel == "*":
            query = query.where(Webhook.channel_id.is_(None))
        elif self.channel:
            query = query.where(Webhook.channel_id == row_of(Channel.key, self.channel))
        return query

    def neighbours(self, row: int) -> tuple[str | None, str | None]:
        """The public ids of the webhooks before and after one in the list, None at its ends."""
        keys = self._keys()
        own = db.session.execute(select(*dict(keys)).where(Webhook.id == row)).one()
        chosen = self._narrowed(select(Webhook.public_id))
        if self.status:
            chosen = chosen.where(webhook_ranks.is_in(self._states))
        if self.sort.endswith("last"):
            near = webhook_latest.tried(chosen)
            found = _beside(*webhook_latest.read_once(near, keys), own)
            if found[self.sort == "-last"]:  # one with an earlier result is among them, so all are
                return found
            chosen, keys = webhook_latest.read_once(chosen, keys)
        return _beside(chosen, keys, own)

    def _order(self, *, backwards: bool = False) -> list[ColumnElement[Any]]:
        return [
            column.desc() if falls != backwards else column.asc() for column, falls in self._keys()
        ]

    def _keys(self) -> Keys:
        """What the list is sorted by, and whether it falls; no two webhooks have all of it."""
        columns: dict[str, list[ColumnElement[Any]]] = {
            "attention": [webhook_ranks.rank(), Webhook.sort_key.expression],
            "name": [Webhook.sort_key.expression],
            "created": [],
            "last": [func.coalesce(Webhook.last_delivery_id, 0)],
        }
        falls = self.sort.startswith("-")
        keys = [(column, falls) for column in columns[self.sort.removeprefix("-")]]
        return [*keys, (Webhook.id.expression, falls and self.sort == "-created")]


def _covering(span: range, counts: Mapping[State, int]) -> tuple[list[State], int]:
    """The states, one after the other, of the rows of a span, and how many rows come before."""
    covered, before, end = list[State](), 0, 0
    for state, count in counts.items():
        end += count
        if end <= span.start:
            before = end
        elif end - count < span.stop:
            covered.append(state)
    return covered, before


def _beside(chosen: Select[Any], keys: Keys, own: Sequence[Any]) -> tuple[str | None, str | None]:
    """What is selected of the rows before and after the one with these values."""
    sides = [_beyond(chosen, keys, own, backwards=side) for side in (True, False)]
    before, after = db.session.execute(select(*sides)).one()
    return before, after


def _beyond(
    chosen: Select[Any],
    keys: Keys,
    own: Sequence[Any],
    *,
    backwards: bool,
) -> ColumnElement[Any]:
    """The first row after the one with these values, or before it.

    Among those that share the most of them first, which an index finds; only at the end of these
    the others are looked through.
    """
    ways = []
    for place, ((column, falls), value) in enumerate(zip(keys, own, strict=True)):
        same = [each == known for (each, _), known in zip(keys[:place], own, strict=False)]
        ahead = column < value if falls != backwards else column > value
        rest = [one.desc() if down != backwards else one.asc() for one, down in keys[place:]]
        ways.append(chosen.where(*same, ahead).order_by(*rest).limit(1).scalar_subquery())
    return func.coalesce(*reversed(ways)) if len(ways) > 1 else ways[0]


def named(words: str) -> str | None:
    """The public id of the one webhook of this name, or of the only one that has these words."""
    plain = folded(words)
    found = suggestions(words, 50)
    same = [webhook for webhook in found if folded(webhook.title) == plain] or found
    return same[0].public_id if len(same) == 1 else None


def suggestions(words: str, most: int) -> Sequence[Webhook]:
    """Webhooks with these words in their name or URL, by name."""
    fitting = (Webhook.deleted_at.is_(None), *Webhook.has_words(words))
    query = select(Webhook).options(lazyload("*")).where(*fitting)
    return db.session.scalars(query.order_by(*BY_NAME).limit(most)).all()
