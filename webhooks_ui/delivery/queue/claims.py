"""What passes between the queue and the workers: demands, claims, jobs, attempts, results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from webhooks_ui.delivery.retry import Decision
from webhooks_ui.models.event import EventContent


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours until its lease ends; `claims` is the fencing token."""

    id: int
    claims: int
    webhook_id: int
    event_id: int = field(default=0, compare=False)
    public_id: str = field(default="", compare=False)
    attempts_made: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a worker asks for: up to `limit` due deliveries, fairly over webhooks.

    `slots` is how many more a webhook may have under way, `default_slots` for those not named.
    """

    slots: Mapping[int, int]
    default_slots: int
    limit: int
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


@dataclass(frozen=True)
class AttemptRecord:
    """A row of the table of attempts, without its delivery and without secrets.

    The fields are its columns; the defaults are those of an attempt that sent nothing.
    """

    number: int
    started_at: datetime
    timeout: float
    duration_ms: int = 0
    address: str | None = None
    status_code: int | None = None
    error: str | None = None
    detail: str = ""
    timings: Mapping[str, int | None] = field(
        default_factory=lambda: (
            dict.fromkeys(("dns", "connect", "tls", "first_byte")) | {"total": 0}
        )
    )
    tls: Mapping[str, Any] | None = None
    request_url: str = ""
    request_headers: list[list[str]] = field(default_factory=list)
    payload_format: str = "envelope"
    http_version: str | None = None
    reason: str = ""
    location: str | None = None
    response_headers: list[list[str]] = field(default_factory=list)
    response_body: bytes = b""
    response_size: int = 0
    truncated: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def ended_at(self) -> datetime:
        """When it ended."""
        return self.started_at + timedelta(milliseconds=self.duration_ms)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a claimed delivery: the attempt made, and what is to follow from it."""

    claim: Claim
    attempt: AttemptRecord
    decision: Decision
