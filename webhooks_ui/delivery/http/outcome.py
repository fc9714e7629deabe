"""What goes into an attempt and what comes out of it, as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """One POST, complete but for what the connection adds (see transport.wire_headers)."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """How a connection is secured and whom the receiver's certificate names.

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
    """What came of one attempt.

    `error` is None on success, else a code of the contract; `detail` the network's or OpenSSL's own
    words for it. An answer's parts are there whenever they were read, also of a failed attempt.

    `timings_ms` has the milliseconds of each phase that was completed, else None: `dns`; `connect`
    and `tls` (None on a connection that was used before); `first_byte`, from sending to the first
    byte of the answer; `total`, the same as `duration_ms`.

    `headers`, `reason` and `location` are capped, their control characters escaped (`\\x00`).
    `body` is at most `body_limit` bytes as they came; `truncated` says that there were more. `size`
    counts the bytes of the body as far as they were read or, when it is truncated, as announced.

    `notes` say what was odd about an answer that counts all the same: `headers_capped`,
    `bad_headers`, `incomplete_headers`, `bad_length`, `incomplete_body`, `broken_chunks`,
    `bad_encoding`.
    """

    status_code: int | None
    reason: str
    error: str | None
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
