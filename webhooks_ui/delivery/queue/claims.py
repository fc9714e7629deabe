"""What passes between the queue and the workers: demands, claims, jobs, attempts, results."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any, NamedTuple

from webhooks_ui.delivery.http.outcome import PHASES
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
    attempts_made: int = field(default=0, compare=False)  # before this one
    refusals: int = field(default=0, compare=False)
    created_at: int = field(default=0, compare=False)  # ms since 1970
    message_id: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a worker asks for: up to `limit` due deliveries, fairly over webhooks.

    `known` returns what the worker knows of a webhook, `default_slots` are the free slots of any
    other. `unproven` limits the deliveries to webhooks that are not known to answer. The leases
    name `holder` (`holders`). Webhooks up to the row `after` are skipped, where the turn before
    asked for it.
    """

    known: "Callable[[int], Known | None]"
    default_slots: int
    limit: int
    lease: timedelta
    unproven: int = 1_000_000
    holder: int | None = None
    after: int = 0


class Known(NamedTuple):
    """What a worker knows of a webhook: its free slots, when it was served last (a serial number),
    and whether an attempt has long been waiting for an answer.
    """

    slots: int
    served: int = 0
    is_suspect: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery with what is needed to make the attempt."""

    claim: Claim
    webhook_public_id: str
    webhook_version: int
    failing_since: datetime | None
    answers: bool  # its last attempt succeeded
    event: EventContent
    claimed_at: float  # time.monotonic

    @property
    def public_id(self) -> str:
        """The id of the delivery."""
        return self.claim.public_id


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn claimed, and in how many seconds the next hold ends.

    `is_more`: more may be due than the worker could take; `after` is for the next `Demand`.
    """

    claims: list[Claim]
    resumes_in: float = inf
    is_more: bool = True
    after: int = 0
    jobs: list[Job] = field(default_factory=list)


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
        default_factory=lambda: {**dict.fromkeys(PHASES), "total": 0}
    )
    tls: Mapping[str, Any] | None = None
    request_url: str = ""
    request_headers: list[list[str]] = field(default_factory=list)
    payload_format: str = "envelope"
    method: str = "POST"
    request_body: bytes | None = None
    http_version: str | None = None
    reason: str = ""
    location: str | None = None
    response_headers: list[list[str]] = field(default_factory=list)
    response_body: bytes = b""
    response_size: int = 0
    truncated: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def took(self) -> timedelta:
        """How long it took."""
        return timedelta(milliseconds=self.duration_ms)

    @property
    def ended_at(self) -> datetime:
        """When it ended."""
        return self.started_at + self.took


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a claimed delivery: the attempt, and the decision that follows."""

    claim: Claim
    attempt: AttemptRecord
    decision: Decision
