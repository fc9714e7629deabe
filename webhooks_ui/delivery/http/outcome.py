"""The input and the result of an attempt, as values."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from webhooks_ui.catalogue.error_codes import ErrorCode
from webhooks_ui.egress.tls_options import DEFAULT_TLS, TlsOptions

PHASES = ("dns", "connect", "tls", "first_byte")
"""Of an attempt, in their order; see `Outcome.timings_ms`."""


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """One request, complete but for what the connection adds (see exchange.wire_headers)."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    tls: TlsOptions = DEFAULT_TLS
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """How a connection is secured, and what the receiver's certificate says.

    `subject` and `issuer` are RFC 4514 names, `not_before` and `not_after` ISO 8601 in UTC (all
    empty when the certificate cannot be read), `san` the names it is valid for, 20 at most.
    """

    version: str
    cipher: str
    subject: str = ""
    issuer: str = ""
    not_before: str = ""
    not_after: str = ""
    san: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one attempt.

    `error` is None on success, else a code of the contract; `detail` is the network's or OpenSSL's
    own words for it. What was read of a response is there for failed attempts, too.

    `timings_ms` has the milliseconds of each phase, None for one that did not complete: `dns`;
    `connect` and `tls` (None on a kept connection); `first_byte`, from sending to the first byte of
    the response; `total`, the same as `duration_ms`.

    `request_headers` are those that went out, with their secrets; those given where the URL is
    refused.

    `headers`, `reason` and `location` are capped, with control characters escaped (`\\x00`).
    `body` is at most `transport.MAX_BODY` bytes as they came; `truncated` says that there were
    more. `size` counts the bytes of the body as far as they were read or, when it is truncated, as
    announced.

    `notes` say what was unusual about the way, `via_proxy` and `unverified`, and what was wrong
    with a response that counts all the same: `headers_capped`, `bad_headers`, `incomplete_headers`,
    `bad_length`, `incomplete_body`, `broken_chunks`, `bad_encoding` (nothing of the body is kept),
    `early_answer`.
    """

    request_headers: Sequence[tuple[str, str]] = field(repr=False)
    status_code: int | None
    reason: str
    error: ErrorCode | None
    detail: str
    address: str | None
    duration_ms: int
    timings_ms: dict[str, int | None]
    tls: TlsFacts | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool
    size: int
    notes: tuple[str, ...]
    location: str | None
    retry_after: str | None
    http_version: str | None
