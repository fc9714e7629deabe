"""What a receiver gets: one request, made the same way for a test and for every delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import webhooks_ui
from webhooks_ui import authorization, signing
from webhooks_ui.authorization import Authorization
from webhooks_ui.delivery.sender import OutgoingRequest
from webhooks_ui.delivery.target import TargetError, parse
from webhooks_ui.delivery.transport import wire_headers
from webhooks_ui.models import Event
from webhooks_ui.redaction import redact


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a delivery goes and how: all of it in clear, to be used and not kept."""

    url: str
    authorization: Authorization
    payload_format: str
    signing_secrets: tuple[str, ...]


def compose(event: Event, endpoint: Endpoint, message_id: str, moment: datetime) -> OutgoingRequest:
    """The request for `event`: headers of Standard Webhooks, authorization, body in its format."""
    body = event.body(endpoint.payload_format)
    signed = signing.headers(endpoint.signing_secrets, message_id, int(moment.timestamp()), body)
    given = authorization.header(endpoint.authorization)
    return OutgoingRequest(
        url=endpoint.url,
        headers=(
            ("Content-Type", "application/json"),
            ("User-Agent", f"webhooks-ui/{webhooks_ui.__version__}"),
            *((given,) if given else ()),
            *signed,
        ),
        body=body,
    )


def masked_headers(request: OutgoingRequest, endpoint: Endpoint) -> list[list[str]]:
    """The headers as they go out, with the secret replaced by dots: what is stored and shown."""
    given = authorization.header(endpoint.authorization)
    hidden = authorization.masked(endpoint.authorization)
    try:
        sent = wire_headers(request, parse(request.url))
    except TargetError:
        sent = list(request.headers)  # a stored URL that newer rules refuse is never sent
    return [list(hidden if hidden and pair == given else pair) for pair in sent]


def redacted_headers(headers: Sequence[tuple[str, str]], endpoint: Endpoint) -> list[list[str]]:
    """A receiver's headers with the secret taken out, should it echo it."""
    return [
        [redacted_text(name, endpoint), redacted_text(value, endpoint)] for name, value in headers
    ]


def redacted_text(text: str, endpoint: Endpoint) -> str:
    """`text` with the secret taken out."""
    return redact(text.encode(errors="replace"), endpoint.authorization).decode(errors="replace")
