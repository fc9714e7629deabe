"""The counts beside the pages of the rail, which every page shows."""

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import Instant, now
from webhooks_ui.models.bounded_count import counted
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.webhook_ranks import needing_attention

MOST = 100


class RailCounts(NamedTuple):
    """How many webhooks need attention, and how many channels there are, `MOST` at most."""

    attention: int
    channels: int


def load() -> RailCounts:
    """By one statement, which reads a few entries of indexes."""
    *attention, channels = db.session.execute(_statement(), {"moment": now()}).one()
    return RailCounts(min(sum(attention), MOST), channels)


@cache
def _statement() -> Select[Any]:
    """Put together once: that takes longer than to run it."""
    attention: list[Any] = needing_attention(bindparam("moment", type_=Instant), MOST)
    return select(*attention, counted(select(Channel.id), MOST))
