"""Holds: until when a webhook as a whole waits, and at which pace it is sent to.

A receiver that answers 429, or Retry-After, has a limit for all deliveries together, so the webhook
waits, not the delivery. From what it takes between two refusals its pace is learned: deliveries
then leave at even intervals (GCRA, a leaky bucket whose whole state is one time, `Hold.until`),
whichever worker sends them. A receiver that does not answer is probed, one attempt at a time, with
growing waits: a circuit breaker.

The state stands in the webhook's row. The claim reads it and moves it on (`Gate`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from webhooks_ui.catalogue.error_codes import NO_ANSWER
from webhooks_ui.delivery.queue.claims import Result
from webhooks_ui.delivery.retry import TOO_MANY

MAX_LATE = 20.0  # ms that a pace with shorter intervals makes up for, as turns are not as frequent
MIN_COUNTED = 3  # successes from which a first pace is learned
MIN_INTERVAL, MAX_INTERVAL = 2.0, 10_000.0  # ms; beyond these a webhook is not paced
ONE_MORE = timedelta(seconds=0.25)  # a wait as short as this is for one more, not for a window
MEASURED_OVER = timedelta(seconds=2)  # at most, while there was no refusal
SLOWER = 1.08  # than what was measured
UNMEASURED, MUCH_SLOWER = 1.5, 8.0  # the factors of one refusal
CAUTIOUS, CAREFUL, QUICK = 15, 0.005, 0.02  # after a refusal so many successes raise little
CALM = timedelta(minutes=10)  # without a refusal, after which a pace is forgotten
PATIENT_REFUSALS = 5  # without a success between them, after which waits grow
MAX_REFUSED_WAIT = timedelta(minutes=5)
BREAKER = 5  # attempts without an answer that open it
MAX_PROBE_WAIT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Hold:
    """The columns of a webhook that hold it; see `models.Webhook`."""

    until: datetime | None = None
    reason: str | None = None
    interval_ms: float | None = None
    counted_since: datetime | None = None
    counted: int = 0
    refused: int = 0
    unanswered: int = 0


class Gate(NamedTuple):
    """What a claim needs of a hold: `until` is in ms since 1970."""

    until: int
    reason: str | None
    interval_ms: float | None

    def room(self, at: int) -> int:
        """How many deliveries may pass at this ms; for a gate that is open."""
        if self.reason or not self.interval_ms:
            return 1
        return 1 + int((at - self._since(at)) / self.interval_ms)

    def passed(self, count: int, at: int, lease_until: int) -> tuple[int | None, str | None]:
        """Until when it is closed, and why, once so many have passed.

        A pace moves on by an interval for each; a probe closes it until its outcome is recorded,
        or its lease has ended.
        """
        if self.reason in ("failing", "probing"):
            return lease_until, "probing"
        if not self.interval_ms:
            return None, None
        return round(self._since(at) + self.interval_ms * count), None

    def _since(self, at: int) -> float:
        """From when the next interval counts: what is late is late, unless intervals are short."""
        is_short = self.interval_ms and self.interval_ms < MAX_LATE
        return max(self.until, at - MAX_LATE) if is_short else max(self.until, at)


def after(hold: Hold, results: Sequence[Result], moment: datetime) -> Hold:
    """The hold after these results of one webhook, in the order in which they came."""
    if any(result.attempt.error is None for result in results):
        began = hold.counted_since or moment
        is_paused = hold.reason == "limited" or hold.interval_ms
        own = [r for r in results if not (is_paused and r.attempt.started_at < began)]
        if count := sum(r.attempt.error is None for r in own):
            hold = _succeeded(hold, count, moment)
    put_off = [result for result in results if result.decision.hold_until]
    if put_off:
        return _refused(hold, put_off, moment)
    return _answered(hold, results, moment)


def _succeeded(hold: Hold, count: int, moment: datetime) -> Hold:
    since = hold.counted_since
    interval = hold.interval_ms
    if interval and since and moment - since > CALM:
        interval = None
    if interval:
        careful = max(min(count, CAUTIOUS - hold.counted), 0)
        interval *= (1 - CAREFUL) ** careful * (1 - QUICK) ** (count - careful)
        interval = interval if interval >= MIN_INTERVAL else None
    if interval is None and (since is None or not timedelta() <= moment - since <= MEASURED_OVER):
        hold = replace(hold, counted_since=moment, counted=0)
    return replace(hold, interval_ms=interval, counted=hold.counted + count, refused=0)


def _refused(hold: Hold, put_off: Sequence[Result], moment: datetime) -> Hold:
    asked, took = max((at, r.attempt.took) for r in put_off if (at := r.decision.hold_until))
    since, is_known = hold.counted_since, bool(hold.refused or hold.interval_ms)
    is_late = is_known and since and all(r.attempt.started_at < since for r in put_off)
    if hold.reason == "limited" or is_late:  # a refusal of the same burst
        until = max(hold.until or asked, asked)
        return replace(hold, until=until, reason="limited", unanswered=0)
    interval, until, refused = hold.interval_ms, asked, hold.refused + 1
    if any(result.attempt.status_code == TOO_MANY for result in put_off):
        interval = _learned(hold, asked - took, moment - took)
    if refused > PATIENT_REFUSALS:
        until = max(asked, moment + _doubled(refused - PATIENT_REFUSALS, MAX_REFUSED_WAIT))
    # By the receiver's clock, which counts what is under way from then on.
    return Hold(until, "limited", interval, counted_since=until - took, refused=refused)


def _learned(hold: Hold, until: datetime, moment: datetime) -> float | None:
    """The interval, in ms, for a receiver that took what was counted in the time until then.

    Of too few it is not measured: a paced receiver is then sent to a little slower, another one as
    often as it asks for. So is one that asks for a short wait, which is that for one more: what it
    took before was a burst.
    """
    ms, known = timedelta(milliseconds=1), hold.interval_ms
    if hold.counted_since is None or hold.counted < (1 if known else MIN_COUNTED):
        interval = known * UNMEASURED if known else (until - moment) / ms
    else:
        interval = (until - hold.counted_since) / ms / hold.counted * SLOWER
        if not known and until - moment <= ONE_MORE:
            interval = max(interval, (until - moment) / ms)
        if known:  # neither faster by few, nor much slower at once
            interval = min(interval, known * MUCH_SLOWER)
            interval = max(interval, known) if hold.counted < CAUTIOUS else interval
    return max(interval, MIN_INTERVAL) if interval <= MAX_INTERVAL else None


def _answered(hold: Hold, results: Sequence[Result], moment: datetime) -> Hold:
    """The breaker: any answer closes it, attempts without one open it."""
    if any(result.attempt.error not in NO_ANSWER for result in results):
        if hold.reason in ("failing", "probing"):
            hold = replace(hold, until=moment if hold.interval_ms else None, reason=None)
        return replace(hold, unanswered=0)
    if hold.reason == "failing" and hold.until and hold.until > moment:
        return hold  # begun before it opened
    if hold.reason == "probing":
        count = min(hold.unanswered + 1, 100)
    else:
        count = min(hold.unanswered + len(results), BREAKER)
    if count < BREAKER or (hold.reason == "limited" and hold.until and hold.until > moment):
        return replace(hold, unanswered=count)
    until = moment + _doubled(count - BREAKER, MAX_PROBE_WAIT)
    return replace(hold, until=until, reason="failing", unanswered=count)


def _doubled(times: int, most: timedelta) -> timedelta:
    return min(timedelta(seconds=1 << min(times, 10)), most)
