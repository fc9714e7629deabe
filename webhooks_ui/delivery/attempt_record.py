"""An outcome as an attempt that can be kept: what was sent and what came back, without secrets."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from webhooks_ui.delivery.http.sender import Outcome, OutgoingRequest
from webhooks_ui.delivery.request import Endpoint, masked_headers


def attempt_of(
    outcome: Outcome,
    request: OutgoingRequest,
    endpoint: Endpoint,
    started_at: datetime,
    timeout: float,
    number: int = 1,
) -> dict[str, Any]:
    """The fields of an `Attempt` as it is kept: without secrets, even those that were echoed."""
    return {
        "number": number,
        "started_at": started_at,
        "duration_ms": outcome.duration_ms,
        "timeout": timeout,
        "address": outcome.address,
        "status_code": outcome.status_code,
        "error": outcome.error,
        "detail": endpoint.redacted_text(outcome.detail)[:1000],
        "timings_ms": dict(outcome.timings_ms),
        "tls": asdict(outcome.tls) if outcome.tls else None,
        "request_url": request.url,
        "request_headers": masked_headers(request, endpoint),
        "payload_format": endpoint.payload_format,
        "http_version": outcome.http_version,
        "reason": endpoint.redacted_text(outcome.reason)[:200],
        "location": endpoint.redacted_text(outcome.location)[:2100] if outcome.location else None,
        "response_headers": endpoint.redacted_headers(outcome.headers),
        "response_bytes": endpoint.redacted(outcome.body),
        "response_size": outcome.size,
        "truncated": outcome.truncated,
        "notes": list(outcome.notes),
    }


def bare_attempt(attempt: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an attempt that cannot be kept whole: a fault of ours."""
    detail, how = "unexpected error: its facts could not be stored", ("error", "status_code")
    blank = unsent_attempt(detail, attempt["started_at"], attempt["timeout"], attempt["number"])
    return blank | {name: attempt[name] for name in how}


def unsent_attempt(
    detail: str, started_at: datetime, timeout: float, number: int
) -> dict[str, Any]:
    """The fields of an `Attempt` that ended before there was anything to send: a fault of ours."""
    return {
        "number": number,
        "started_at": started_at,
        "duration_ms": 0,
        "timeout": timeout,
        "address": None,
        "status_code": None,
        "error": "protocol_error",
        "detail": detail,
        "timings_ms": dict.fromkeys(("dns", "connect", "tls", "first_byte"), None) | {"total": 0},
        "tls": None,
        "request_url": "",
        "request_headers": [],
        "payload_format": "envelope",
        "http_version": None,
        "reason": "",
        "location": None,
        "response_headers": [],
        "response_bytes": b"",
        "response_size": 0,
        "truncated": False,
        "notes": [],
    }
