"""What a delivery's page shows: one of its attempts, its neighbours in a list, the same event."""

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext as _l

from webhooks_ui.catalogue.payload_formats import FORMATS
from webhooks_ui.explanations.verdicts import ERROR_LABELS, STATUS_LABELS
from webhooks_ui.forms.log_filters import LogQuery
from webhooks_ui.models import (
    Attempt,
    Delivery,
    Recovery,
    attempt_changes,
    event_outcomes,
    form_keys,
)
from webhooks_ui.views.delivery_display import steps
from webhooks_ui.views.webhook_silence import silence_of
from webhooks_ui.web.payloads import may_be_read

VIEWS = ("", "changes", "curl", "http")
ELSEWHERE = 6
CHANGE_LABELS = {
    "status_code": _l("Status"),
    "reason": _l("Reason phrase"),
    "error": _l("Error"),
    "address": _l("Address reached"),
    "http_version": _l("Protocol"),
    "request_url": _l("Webhook URL"),
    "method": _l("Method"),
    "tls": "TLS",
    "payload_format": _l("Payload format"),
}
CHANGE_WORDS: dict[str, Mapping[str, Any]] = {
    "error": ERROR_LABELS,
    "payload_format": {code: one.label for code, one in FORMATS.items()},
}
"""What codes among them are called."""


def context(delivery: Delivery) -> dict[str, Any]:
    """The context of the page, which the URL's arguments choose from."""
    query = LogQuery.parse(request.args)
    attempt, before = _chosen(delivery)
    view = request.args.get("view", "")
    if view not in VIEWS or not may_be_read() or (view == "changes" and not before):
        view = ""
    return {
        "delivery": delivery,
        "silence": silence_of(delivery.webhook),
        "attempt": attempt,
        "before": before,
        "steps": steps(delivery.attempts),
        "view": view,
        "changes": attempt_changes.between(before, attempt)
        if view == "changes" and before and attempt
        else None,
        "change_labels": CHANGE_LABELS,
        "change_words": CHANGE_WORDS,
        "is_raw": request.args.get("raw") == "yes",
        "request_body": delivery.body_of(attempt) if attempt else "",
        "repeats": delivery.repeats,
        "recovery": Recovery.of(delivery),
        "resent_as": delivery.resent_as(),
        "elsewhere": _elsewhere(delivery),
        "order": form_keys.new_key(),
        "errors": ERROR_LABELS,
        "statuses": STATUS_LABELS,
        **_urls(delivery, query, view, attempt),
    }


def own_url(public_id: str) -> str:
    """The page within the filter that the URL carries."""
    own = LogQuery.parse(request.args).arguments(before="")
    return url_for("deliveries.show", id=public_id, **own)


def _urls(
    delivery: Delivery, query: LogQuery, view: str, attempt: Attempt | None
) -> dict[str, Any]:
    own = query.arguments(before="")
    chosen = query.deliveries()
    newer, older = chosen.neighbours(delivery.id) if chosen else (None, None)
    is_last = attempt is delivery.attempt
    state = {
        "attempt": "" if is_last or attempt is None else attempt.number,
        "view": view,
        "raw": request.args.get("raw") == "yes" and "yes",
    }

    def url(**changes: Any) -> str:
        wanted = state | changes
        shown = {name: value for name, value in wanted.items() if value}
        return url_for("deliveries.show", id=delivery.public_id, **own, **shown)

    def action_url(action: str) -> str:
        return url_for(f"deliveries.{action}", id=delivery.public_id, **own)

    return {
        "filters": query,
        "url": url,
        "action_url": action_url,
        "newer_url": newer and url_for("deliveries.show", id=newer, **own),
        "older_url": older and url_for("deliveries.show", id=older, **own),
    }


def _chosen(delivery: Delivery) -> tuple[Attempt | None, Attempt | None]:
    """The attempt that the URL names, else the last one, and the one before it."""
    number = request.args.get("attempt", "")
    by_number = {str(attempt.number): attempt for attempt in delivery.attempts}
    attempt = by_number.get(number, delivery.attempt)
    if attempt is None:
        return None, None
    place = delivery.attempts.index(attempt)
    return attempt, delivery.attempts[place - 1] if place else None


def _elsewhere(delivery: Delivery) -> list[Delivery]:
    """The newest delivery of the event to each other webhook."""
    own = delivery.webhook  # whole, before the list reads a part of it
    latest = {
        row.webhook_id: row
        for row in event_outcomes.deliveries(delivery.event)
        if row.webhook and row.webhook is not own
    }
    return [*latest.values()][:ELSEWHERE]
