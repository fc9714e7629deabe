"""One attempt: takes a request, returns an Outcome, whatever the receiver does."""

import logging
from dataclasses import replace
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from webhooks_ui.catalogue.error_codes import ErrorCode
from webhooks_ui.delivery.http.connection import Dial, Opener, Trace
from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.exchange import wire_headers
from webhooks_ui.delivery.http.outcome import PHASES, Outcome, OutgoingRequest
from webhooks_ui.delivery.http.pool import Pool
from webhooks_ui.delivery.http.response_head import RawResponse
from webhooks_ui.egress.guard import Guard
from webhooks_ui.egress.target_url import TargetError, parse
from webhooks_ui.settings.addresses import Proxy

if TYPE_CHECKING:
    from webhooks_ui.delivery.http.transport import Session

REDIRECTS = frozenset([301, 302, 303, 307, 308])
_MAX_RETRY_AFTER = 200  # characters

log = logging.getLogger(__name__)


class Sender:
    """Sends requests, each within `timeout` seconds from the look-up to the last byte.

    Thread-safe; one for a process, made after any fork. The authorities in `ca_file` (PEM) are
    trusted beside the public ones. Certificates are always verified unless
    `may_skip_verification`, whatever a request says. Receivers are reached through the `proxy`, if
    there is one.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        timeout: float,
        ca_file: str | None = None,
        may_skip_verification: bool = False,
        proxy: Proxy | None = None,
        pool: Pool | None = None,
    ) -> None:
        self._guard, self._opener = guard, Opener(ca_file, guard, proxy)
        self._pool, self._timeout = pool or Pool(), timeout
        self._may_skip_verification = may_skip_verification

    def send(self, request: OutgoingRequest, timeout: float | None = None) -> Outcome:
        """Makes one attempt. Never raises because of a receiver, the network or a stored URL.

        It takes `timeout` seconds at most, where that is less than the sender's own.
        """
        seconds = self._timeout if timeout is None else min(timeout, self._timeout)
        start, trace = monotonic(), Trace()
        failure = None
        try:
            self._attempt(request, start + seconds, trace)
        except AttemptError as error:
            failure = error
        except Exception:
            # A bug of ours: it is logged, and the delivery is retried.
            log.exception("Sending failed unexpectedly")
            failure = AttemptError("protocol_error", "unexpected error: see the server's log")
        return _outcome(request, trace, failure, monotonic() - start)

    def close(self) -> None:
        """Closes idle connections; attempts under way go on."""
        self._pool.close()

    @cached_property
    def _session(self) -> "Session":
        """Made for the first attempt: a console may send nothing, and `requests` loads slowly."""
        from webhooks_ui.delivery.http.transport import Session, Transport

        return Session(Transport(self._guard, self._opener, self._pool))

    def _attempt(self, request: OutgoingRequest, deadline: float, trace: Trace) -> None:
        try:
            target = parse(request.url)
        except TargetError as error:
            raise AttemptError("blocked_address", f"refused URL: {error.code}") from None
        tls = request.tls
        if not tls.verify and not self._may_skip_verification:
            tls = replace(tls, verify=True)
        trace.sent = wire_headers(request, target)
        self._session.attempt(request, Dial(target, tls, deadline, trace))


def _outcome(
    request: OutgoingRequest, trace: Trace, failure: AttemptError | None, seconds: float
) -> Outcome:
    response = trace.response or RawResponse(http_version="", status=0, reason="")
    total = round(seconds * 1000)
    timings: dict[str, int | None] = {
        phase: round(trace.phases[phase] * 1000) if phase in trace.phases else None
        for phase in PHASES
    }
    retry_after = response.header("retry-after")
    return Outcome(
        request_headers=trace.sent or request.headers,
        status_code=response.status or None,
        reason=response.reason,
        error=failure.code if failure else _error_code(response.status),
        detail=failure.detail if failure else "",
        address=trace.address,
        duration_ms=total,
        timings_ms={**timings, "total": total},
        tls=trace.tls,
        headers=tuple(response.headers),
        body=response.body,
        truncated=response.truncated,
        size=response.size,
        notes=(*trace.notes, *response.notes),
        location=response.header("location") if response.status // 100 == 3 else None,
        retry_after=retry_after[:_MAX_RETRY_AFTER] if retry_after else None,
        http_version=response.http_version or None,
    )


def _error_code(status: int) -> ErrorCode | None:
    if 200 <= status < 300:
        return None
    return "redirected" if status in REDIRECTS else "http_status"
