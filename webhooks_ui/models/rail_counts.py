"""The counts beside the pages of the rail, which every page shows."""

from typing import NamedTuple

from sqlalchemy import select

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
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
    parts = [*needing_attention(now(), MOST), counted(select(Channel.id), MOST)]
    *attention, channels = db.session.execute(select(*parts)).one()
    return RailCounts(min(sum(attention), MOST), channels)
