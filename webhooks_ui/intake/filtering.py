"""Which webhooks do not get a new event: those that filter it out, and the one that it is about."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from webhooks_ui.catalogue.event_types import EVENT_TYPES
from webhooks_ui.intake.plan import NewEvent
from webhooks_ui.text import filters
from webhooks_ui.text.filters import Filters

FILTERS = """
    SELECT webhooks.id, webhook_events.type, CAST(webhooks.filters AS TEXT)
    FROM webhooks JOIN webhook_events ON webhook_events.webhook_id = webhooks.id
    WHERE webhooks.filters IS NOT NULL AND webhooks.enabled AND webhooks.deleted_at IS NULL
"""
"""The filters in use; an index has the few webhooks that have some."""

Row = tuple[int, str, str]
LeftOut = tuple[int, ...]
"""Row ids of webhooks, in order."""


def left_out(rows: Iterable[Row], events: Sequence[NewEvent]) -> dict[str, LeftOut]:
    """The webhooks that do not get each of the events, by its public id; few have some.

    Events about this console's webhooks have no conversation to filter by, so they pass.
    """
    by_type: dict[str, list[tuple[int, Filters]]] = defaultdict(list)
    for webhook, kind, text in rows:
        if kind in EVENT_TYPES and (chosen := _filters(text)):
            by_type[kind].append((webhook, chosen))
    found: dict[str, LeftOut] = {}
    for one in events:
        refusing = _refusing(by_type.get(one.event.type, ()), one.event.data)
        if one.event.about is not None:
            refusing = [*refusing, one.event.about]
        if refusing:
            found[one.public_id] = tuple(sorted(refusing))
    return found


def _refusing(filtered: Sequence[tuple[int, Filters]], data: bytes) -> list[int]:
    if not filtered:
        return []
    values = filters.parsed(data)
    return [webhook for webhook, chosen in filtered if chosen.unmet(values)]


@lru_cache(512)
def _filters(text: str) -> Filters | None:
    return Filters.of(json.loads(text))
