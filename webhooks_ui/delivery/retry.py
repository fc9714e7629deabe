"""When to try again, and when to stop: a pure function of what came back and the clock."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from webhooks_ui.catalogue.error_codes import DeliveryStatus

JITTER = 0.2  # of each wait, at most
HOLD_JITTER = 0.05  # of the wait that a receiver asks for, at most
AT_ONCE = timedelta(seconds=1)  # who answers 429 and asks for no wait is not asked sooner
GONE = 410
TOO_MANY = 429
_SECONDS = re.compile(r"[0-9]{1,40}(\.[0-9]{0,40})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Policy:
    """The waits after the first, second, … failed attempt, and how long a webhook may fail."""

    schedule: tuple[timedelta, ...]
    disable_after: timedelta


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a delivery: its next status, when it is due again, whether that is all.

    With `hold_until` the receiver has put it off: until then its webhook as a whole waits.
    """

    status: DeliveryStatus
    due_at: datetime | None = None
    disable: str | None = None
    hold_until: datetime | None = None


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
    refusals: int = 0,
    age: timedelta = timedelta(),
) -> Decision:
    """The decision after `attempts_made` attempts, of which the last ended at `moment`.

    `refusals` of the earlier ones were put off by the receiver (`Decision.hold_until`), which does
    not count in the schedule; `age` is the delivery's. `failing_since` is when the webhook began to
    fail without a success; `chance` gives numbers from 0 to 1.

    A webhook is disabled when it has failed for long enough and this delivery has failed as often
    as the schedule has waits: a jump of the clock alone disables nothing.
    """
    if error is None:
        return Decision("succeeded")
    if status_code == GONE:
        return Decision("failed", disable="gone")
    made = attempts_made - refusals
    disable = None
    if failing_since is not None and made >= len(policy.schedule):
        disable = "failing" if moment - failing_since >= policy.disable_after else None
    if wait := _hold(policy, status_code, retry_after, moment):
        until = moment + wait * (1 + HOLD_JITTER * chance())
        if refusals >= len(policy.schedule) and age >= sum(policy.schedule, timedelta()):
            return Decision("failed", disable=disable, hold_until=until)
        return Decision("pending", due_at=until, hold_until=until)
    if made > len(policy.schedule):
        return Decision("failed", disable=disable)
    wait = policy.schedule[made - 1] * (1 + JITTER * chance())
    return Decision("pending", due_at=moment + wait, disable=disable)


def _hold(
    policy: Policy, status_code: int | None, retry_after: str | None, moment: datetime
) -> timedelta:
    """How long the receiver asks to be left alone; zero when it does not ask.

    Retry-After counts on every 4xx and 5xx (RFC 9110 §10.2.3), up to the schedule's longest wait.
    A 429 (RFC 6585 §4) without one asks for the schedule's first wait, with 0 for a second.
    """
    if not policy.schedule or status_code is None or status_code < 400:
        return timedelta()
    asked = _asked_for(retry_after, moment)
    if not asked and status_code == TOO_MANY:
        return policy.schedule[0] if asked is None else min(policy.schedule[0], AT_ONCE)
    return min(asked or timedelta(), max(policy.schedule))


def _asked_for(retry_after: str | None, moment: datetime) -> timedelta | None:
    """The wait of a Retry-After header: seconds, also with a fraction, or a date; junk is none."""
    text = (retry_after or "").strip()
    if _SECONDS.fullmatch(text):
        return timedelta(seconds=min(float(text), 10**9))
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(date - moment, timedelta())


def longest(schedule: Sequence[timedelta]) -> timedelta:
    """The longest wait that a schedule can lead to."""
    return max(schedule, default=timedelta()) * (1 + JITTER)
