"""What came of a delivery, as pages show it: verdicts, headlines, curl commands."""

from datetime import datetime
from typing import Protocol

from webhooks_ui.database.types import now
from webhooks_ui.explanations import verdicts
from webhooks_ui.explanations.curl import curl_command
from webhooks_ui.models import Attempt, Delivery
from webhooks_ui.models.delivery_rows import LastAttempt

MAX_IN_COMMAND = 65_536  # characters of a body


class _Delivery(Protocol):
    """A delivery, or a part of one in a list."""

    @property
    def status(self) -> str: ...

    @property
    def test(self) -> bool: ...

    @property
    def lease_until(self) -> datetime | None: ...


def verdict(delivery: Delivery) -> verdicts.Verdict:
    """The verdict on a delivery, in the current language."""
    if delivery.interrupted:
        return verdicts.interrupted(test=delivery.test)
    if (attempt := delivery.attempt) is None:
        return verdicts.verdict(delivery.status, None, None)
    return verdicts.verdict(
        delivery.status,
        attempt.error,
        attempt.status_code,
        location=attempt.location,
        address=attempt.address,
        host=attempt.host,
        timeout=attempt.timeout,
        detail=attempt.detail,
        earlier_may_have_arrived=not attempt.may_have_arrived
        and any(earlier.may_have_arrived for earlier in delivery.attempts[:-1]),
    )


def headline(delivery: _Delivery, last: LastAttempt | None) -> verdicts.Headline:
    """The verdict in few words, for lists."""
    if delivery.status == "delivering" and delivery.lease_until and delivery.lease_until < now():
        found = verdicts.interrupted(test=delivery.test)
        return verdicts.Headline(found.tone, found.title)
    if last is None:
        return verdicts.headline(delivery.status, None, None, None, "")
    return verdicts.headline(
        delivery.status, last.error, last.status_code, last.location, last.detail
    )


def curl(attempt: Attempt, body: str) -> str:
    """A curl command with ``$TOKEN`` where the secret stood; empty for a long body."""
    if len(body) > MAX_IN_COMMAND:
        return ""
    return curl_command(attempt.request_url, attempt.request_headers, body)


FILTERS = {
    "verdict": verdict,
    "headline": headline,
    "curl": curl,
    "note_text": verdicts.note_text,
}
