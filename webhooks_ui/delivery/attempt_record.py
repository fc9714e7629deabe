"""Makes the record of an attempt: what was sent and what came back, without secrets."""

from dataclasses import asdict, replace
from datetime import datetime

from webhooks_ui.catalogue.payload_formats import format_of
from webhooks_ui.delivery.http.outcome import Outcome, OutgoingRequest
from webhooks_ui.delivery.queue.claims import AttemptRecord
from webhooks_ui.delivery.request import Endpoint, masked_headers
from webhooks_ui.text.charset import content_type


def attempt_of(
    outcome: Outcome,
    request: OutgoingRequest,
    endpoint: Endpoint,
    started_at: datetime,
    timeout: float,
    number: int = 1,
) -> AttemptRecord:
    """The record of an outcome: secrets are masked, also where the receiver echoes them."""
    return AttemptRecord(
        number=number,
        started_at=started_at,
        timeout=timeout,
        duration_ms=outcome.duration_ms,
        address=outcome.address,
        status_code=outcome.status_code,
        error=outcome.error,
        detail=endpoint.redacted_text(outcome.detail)[:1000],
        timings=outcome.timings_ms,
        tls=asdict(outcome.tls) if outcome.tls else None,
        request_url=request.url,
        request_headers=masked_headers(outcome.request_headers, endpoint),
        payload_format=endpoint.payload_format,
        method=request.method,
        request_body=request.body if format_of(endpoint.payload_format).keeps_body else None,
        http_version=outcome.http_version,
        reason=endpoint.redacted_text(outcome.reason)[:200],
        location=endpoint.redacted_text(outcome.location)[:2100] if outcome.location else None,
        response_headers=endpoint.redacted_headers(outcome.headers),
        response_body=endpoint.redacted_body(outcome.body, content_type(outcome.headers)),
        response_size=outcome.size,
        truncated=outcome.truncated,
        notes=list(outcome.notes),
    )


def unsent_attempt(detail: str, started_at: datetime, timeout: float, number: int) -> AttemptRecord:
    """The record of an attempt that an internal error ended before anything was sent."""
    return AttemptRecord(number, started_at, timeout, error="protocol_error", detail=detail[:1000])


def bare_attempt(attempt: AttemptRecord) -> AttemptRecord:
    """What is stored of an attempt that an internal error keeps from being stored whole."""
    detail = "unexpected error: its facts could not be stored"
    blank = unsent_attempt(detail, attempt.started_at, attempt.timeout, attempt.number)
    return replace(blank, error=attempt.error, status_code=attempt.status_code)
