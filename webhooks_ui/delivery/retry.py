"""When to try again, and when to stop: a pure function of what came back and the clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from webhooks_ui.catalogue.error_codes import DeliveryStatus

JITTER = 0.2  # of each wait, at most
GONE = 410
BUSY = (429, 503)


@dataclass(frozen=True, slots=True)
class Policy:
    """The waits after the first, second, … failed attempt, and how long a webhook may fail."""

    schedule: tuple[timedelta, ...]
    disable_after: timedelta


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a delivery: its next status, when it is due again, whether that is all."""

    status: DeliveryStatus
    due_at: datetime | None = None
    disable: str | None = None


def decide(
    policy: Policy,
    *,
    error: str | None,
    status_code: int | None,
    retry_after: str | None,
    attempts_made: int,
    failing_since: datetime | None,
    moment: datetime,
    chance: Callable[[], float],
) -> Decision:
    """The decision after `attempts_made` attempts, of which the last ended at `moment`.

    `failing_since` is when the webhook began to fail without a success; `chance` gives numbers
    from 0 to 1.
    """
    if error is None:
        return Decision("succeeded")
    if status_code == GONE:
        return Decision("failed", disable="gone")
    disable = None
    if failing_since is not None and moment - failing_since >= policy.disable_after:
        disable = "failing"
    if attempts_made > len(policy.schedule):
        return Decision("failed", disable=disable)
    wait = policy.schedule[attempts_made - 1] * (1 + JITTER * chance())
    if status_code in BUSY:
        asked = _asked_for(retry_after, moment)
        wait = max(wait, min(asked, max(policy.schedule)))
    return Decision("pending", due_at=moment + wait, disable=disable)


def _asked_for(retry_after: str | None, moment: datetime) -> timedelta:
    """The wait of a Retry-After header (RFC 9110 §10.2.3): seconds or a date; junk is none."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:12]), 10**9))
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return timedelta()
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(date - moment, timedelta())


def longest(schedule: Sequence[timedelta]) -> timedelta:
    """The longest wait that a schedule can lead to."""
    return max(schedule, default=timedelta()) * (1 + JITTER)
