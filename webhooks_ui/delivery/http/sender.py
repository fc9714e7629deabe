"""One attempt: a request goes out, an Outcome comes back, whatever the receiver does."""

import logging
from http.cookiejar import DefaultCookiePolicy
from time import monotonic

from requests import Response, Session

from webhooks_ui.delivery.http import tls
from webhooks_ui.delivery.http.connection import Opener, Trace
from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.outcome import Outcome, OutgoingRequest, TlsFacts
from webhooks_ui.delivery.http.pool import Pool
from webhooks_ui.delivery.http.response_head import Answer
from webhooks_ui.delivery.http.transport import Attempt, Transport
from webhooks_ui.egress.guard import Guard
from webhooks_ui.egress.target_url import TargetError, parse

__all__ = ["Outcome", "OutgoingRequest", "Sender", "TlsFacts"]

REDIRECTS = frozenset([301, 302, 303, 307, 308])
_MAX_RETRY_AFTER = 200  # characters
_PHASES = ("dns", "connect", "tls", "first_byte")

log = logging.getLogger(__name__)


class _Session(Session):
    """Follows nothing, remembers nothing, and asks the environment nothing."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", transport)
        self.mount("http://", transport)

    def get_redirect_target(self, resp: Response) -> None:
        """No redirect at all; otherwise even a refused one is prepared by `requests`."""
        return


class Sender:
    """Sends requests, each in at most `timeout` seconds from the look-up to the last byte.

    Thread-safe; one for a process, made after any fork. `body_limit` is how many bytes of an
    answer's body are kept. `ca_file` (PEM) replaces the public certificate authorities.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        timeout: float,
        body_limit: int = 65536,
        ca_file: str | None = None,
        pool: Pool | None = None,
    ) -> None:
        opener = Opener(tls.client_context(ca_file))
        transport = Transport(guard, opener, pool or Pool(), body_limit)
        self._session = _Session(transport)
        self._timeout = timeout

    def send(self, request: OutgoingRequest) -> Outcome:
        """One attempt. Never raises for what a receiver, a network or a stored URL is like."""
        start, trace = monotonic(), Trace()
        failure = None
        try:
            self._attempt(request, start + self._timeout, trace)
        except AttemptError as error:
            failure = error
        except Exception:
            # A mistake of ours; the delivery is tried again, and the log tells.
            log.exception("Sending failed in a way that was not foreseen")
            failure = AttemptError("protocol_error", "unexpected error: see the server's log")
        return _outcome(trace, failure, monotonic() - start)

    def close(self) -> None:
        """Closes the connections that are kept; what is under way ends as it would."""
        self._session.close()

    def _attempt(self, request: OutgoingRequest, deadline: float, trace: Trace) -> None:
        try:
            target = parse(request.url)
        except TargetError as error:
            raise AttemptError("blocked_address", f"refused URL: {error.code}") from None
        attempt = Attempt(request, target, deadline, trace)
        self._session.send(attempt, stream=True, allow_redirects=False, proxies={})


def _outcome(trace: Trace, failure: AttemptError | None, seconds: float) -> Outcome:
    answer = trace.answer
    total = round(seconds * 1000)
    timings: dict[str, int | None] = {
        phase: round(trace.phases[phase] * 1000) if phase in trace.phases else None
        for phase in _PHASES
    }
    error = failure.code if failure else _judgement(answer.status if answer else 0)
    return Outcome(
        status_code=answer.status if answer else None,
        reason=answer.reason if answer else "",
        error=error,
        detail=failure.detail if failure else "",
        address=trace.address,
        duration_ms=total,
        timings_ms={**timings, "total": total},
        tls=trace.tls,
        headers=tuple(answer.headers) if answer else (),
        body=answer.body if answer else b"",
        truncated=answer.truncated if answer else False,
        size=answer.size if answer else 0,
        notes=tuple(answer.notes) if answer else (),
        location=_location(answer),
        retry_after=_retry_after(answer),
        http_version=answer.http_version if answer else None,
    )


def _judgement(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    return "redirected" if status in REDIRECTS else "http_status"


def _location(answer: Answer | None) -> str | None:
    """Where an answer of the class 3xx points, as it says it."""
    return answer.header("location") if answer and answer.status // 100 == 3 else None


def _retry_after(answer: Answer | None) -> str | None:
    value = answer.header("retry-after") if answer else None
    return value[:_MAX_RETRY_AFTER] if value else None
