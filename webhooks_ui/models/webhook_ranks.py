"""The states of webhooks in SQL: for counting, filtering and sorting by them."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, case, func, select

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import Instant, now
from webhooks_ui.explanations.states import RANKED, State
from webhooks_ui.models.bounded_count import counted
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.webhook import Webhook


@cache
def rank() -> ColumnElement[int]:
    """The place of a webhook's state in `RANKED`: `explanations.states.state` in SQL.

    Built once; the moment is that at which a statement runs.
    """
    moment = bindparam("ranked_at", callable_=now, type_=Instant)
    since, succeeded = Webhook.failing_since, Webhook.last_succeeded
    place = {name: number for number, name in enumerate(RANKED)}
    return case(
        (Webhook.enabled.is_(False), place["disabled"]),
        (~Webhook.goes_on(moment), place["paused"]),
        (since.is_not(None) | succeeded.is_(False), place["failing"]),
        (Webhook.degraded, place["degraded"]),
        (succeeded.is_(True), place["working"]),
        else_=place["untested"],
    )


def is_in(states: Collection[str]) -> ColumnElement[bool]:
    """Whether a webhook is in one of these states."""
    return rank().in_([number for number, name in enumerate(RANKED) if name in states])


def needing_attention(moment: ColumnElement[datetime], most: int) -> list[ScalarSelect[int]]:
    """Counts, `most` at most each, whose sum is how many webhooks are failing or degraded.

    Each reads its own entries of the index alone, so that every page can have it.
    """
    active = select(Webhook.id).where(
        Webhook.deleted_at.is_(None), Webhook.enabled.is_(True), Webhook.goes_on(moment)
    )
    since, succeeded = Webhook.failing_since, Webhook.last_succeeded
    found = [counted(active.where(since.is_not(None)), most)]
    others = active.where(since.is_(None))
    found.append(counted(others.where(succeeded.is_(False)), most))
    for known in (True, None):
        degraded = others.where(succeeded.is_(known), Webhook.degraded.is_(True))
        found.append(counted(degraded, most))
    return found


def counts(narrowed: Select[Any]) -> dict[State, int]:
    """How many of the webhooks of a query are in each state."""
    # A subquery with an offset stays one: each state is worked out once, and nothing is sorted.
    place = narrowed.with_only_columns(rank().label("place")).offset(0).subquery().c.place
    found = (func.count().filter(place == number) for number in range(len(RANKED)))
    return dict(zip(RANKED, db.session.execute(select(*found)).one(), strict=True))


MAX_ON_RAIL = 100


class RailCounts(NamedTuple):
    """How many webhooks need attention, and how many channels there are, `MAX_ON_RAIL` at most."""

    attention: int
    channels: int


def rail_counts() -> RailCounts:
    """In one statement, which reads a few index entries."""
    *attention, channels = db.session.execute(_rail_statement(), {"moment": now()}).one()
    return RailCounts(min(sum(attention), MAX_ON_RAIL), channels)


def failing(most: int) -> int:
    """How many webhooks the list shows as failing, `most` at most; unlike `Backlog`, with those
    of which only a test failed.
    """
    return min(sum(db.session.execute(_failing_statement(most), {"moment": now()}).one()), most)


@cache
def _failing_statement(most: int) -> Select[Any]:
    counts: list[Any] = needing_attention(bindparam("moment", type_=Instant), most)[:2]
    return select(*counts)


@cache
def _rail_statement() -> Select[Any]:
    """Built once: building it takes longer than running it."""
    attention: list[Any] = needing_attention(bindparam("moment", type_=Instant), MAX_ON_RAIL)
    return select(*attention, counted(select(Channel.id), MAX_ON_RAIL))
