"""Why a webhook gets an event, or does not: the rule of the fan-out, said for people.

A webhook gets an event when it exists, is not deleted and is enabled, subscribes to the event's
type, and listens to all channels or to the event's own; and the event is not about itself.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Reason = Literal["not_yet", "deleted", "disabled", "not_subscribed", "other_channel", "itself"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What decided at the time; `channel_id` is None for all channels."""

    enabled: bool
    deleted: bool
    channel_id: int | None
    event_types: Collection[str]


def reasons(event_type: str, channel_id: int | None, setup: Setup | None) -> tuple[Reason, ...]:
    """Every reason against; none when the webhook was to get it. No setup: it did not exist."""
    if setup is None:
        return ("not_yet",)
    found: list[Reason] = []
    if setup.deleted:
        found.append("deleted")
    if not setup.enabled:
        found.append("disabled")
    if event_type not in setup.event_types:
        found.append("not_subscribed")
    if setup.channel_id is not None and setup.channel_id != channel_id:
        found.append("other_channel")
    return tuple(found)
