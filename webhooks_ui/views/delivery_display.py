"""What came of a delivery, as pages show it: verdicts, headlines, curl commands."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from flask_babel import lazy_gettext as _l

from webhooks_ui.delivery.http.outcome import PHASES
from webhooks_ui.explanations import verdicts
from webhooks_ui.explanations.curl import curl_command, raw_request
from webhooks_ui.models import Attempt, Delivery
from webhooks_ui.text import pretty_json
from webhooks_ui.text.url_parts import bare_host, ip_of

MAX_IN_COMMAND = 65_536  # characters of a body


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


def headline(delivery: Delivery) -> verdicts.Headline:
    """The verdict in few words, for lists."""
    if delivery.interrupted:
        found = verdicts.interrupted(test=delivery.test)
        return verdicts.Headline(found.tone, found.title)
    if (last := delivery.last_attempt) is None:
        return verdicts.headline(delivery.status, None, None, None, "")
    return verdicts.headline(
        delivery.status, last.error, last.status_code, last.location, last.detail
    )


def curl(attempt: Attempt, body: str) -> str:
    """A curl command with ``$TOKEN`` where the secret stood; empty for a long body."""
    if len(body) > MAX_IN_COMMAND:
        return ""
    return curl_command(attempt.request_url, attempt.request_headers, body, attempt.method)


def raw_http(attempt: Attempt, body: str) -> str:
    """The request as HTTP/1.1, with its secrets masked."""
    return raw_request(attempt.request_url, attempt.request_headers, body, attempt.method)


class Phase(NamedTuple):
    """A part of an attempt's time; `start` and `width` in thousandths of the whole."""

    label: str
    ms: int
    start: int
    width: int


def phases(attempt: Attempt) -> list[Phase]:
    """The phases that happened, one after the other."""
    timings = attempt.timings_ms
    total = max(attempt.duration_ms, 1)
    known = {name: timings.get(name) for name in PHASES}
    if ip_of(bare_host(attempt.host)):
        known["dns"] = None  # nothing was looked up
    answered = known["first_byte"] is not None and attempt.response_size > 0
    spent = sum(ms or 0 for ms in known.values())
    known["body"] = max(total - spent, 0) if answered else None
    found: list[Phase] = []
    at = 0
    for name, ms in known.items():
        if ms is None:
            continue
        start, width = min(at * 1000 // total, 992), max(ms * 1000 // total, 8)
        found.append(Phase(str(_PHASES[name]), ms, start, width))
        at += ms
    return found


class Step(NamedTuple):
    """An attempt, and how long it had waited since the end of the one before it."""

    attempt: Attempt
    waited: timedelta | None


def steps(attempts: Sequence[Attempt]) -> list[Step]:
    """The attempts with the waits between them."""
    found: list[Step] = []
    ended: datetime | None = None
    for attempt in attempts:
        waited = max(attempt.started_at - ended, timedelta()) if ended else None
        found.append(Step(attempt, waited))
        ended = attempt.started_at + timedelta(milliseconds=attempt.duration_ms)
    return found


_PHASES = {
    "dns": _l("DNS"),
    "connect": _l("Connect"),
    "tls": "TLS",
    "first_byte": _l("First byte"),
    "body": _l("Body"),
}
FILTERS = {
    "verdict": verdict,
    "headline": headline,
    "curl": curl,
    "raw_http": raw_http,
    "phases": phases,
    "pretty_json": pretty_json.pretty_text,
    "note_text": verdicts.note_text,
}
