"""What passes between the queue and those who work: claims, jobs, results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from webhooks_ui.delivery.retry import Decision
from webhooks_ui.models.event import EventContent


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours until its lease ends; `claims` is the fence."""

    id: int
    claims: int
    webhook_id: int
    event_id: int = field(default=0, compare=False)
    public_id: str = field(default="", compare=False)
    attempts_made: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Demand:
    """What is to be claimed: up to `most` due deliveries, fairly over webhooks.

    `slots` is how many more a webhook may have under way, `usual` for those not named.
    """

    slots: Mapping[int, int]
    usual: int
    most: int
    lease: timedelta


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery with what is needed to make the attempt."""

    claim: Claim
    webhook_public_id: str
    webhook_version: int
    failing_since: datetime | None
    event: EventContent
    claimed_at: float  # time.monotonic

    @property
    def public_id(self) -> str:
        """The delivery's."""
        return self.claim.public_id

    @property
    def attempts_made(self) -> int:
        """Before this one."""
        return self.claim.attempts_made


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a claimed delivery: the attempt made, and what is to follow from it."""

    claim: Claim
    attempt: dict[str, Any]
    decision: Decision
