"""What a receiver gets: one request, made the same way for a test and for every delivery."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Self

from webhooks_ui.authorization.base import MASK, Authorization
from webhooks_ui.authorization.extra_headers import ExtraHeader, WithHeaders
from webhooks_ui.authorization.redaction import beginnings, redact
from webhooks_ui.catalogue.payload import NO_TEMPLATE, Template
from webhooks_ui.catalogue.payload_formats import format_of
from webhooks_ui.crypto import signing
from webhooks_ui.delivery.http.outcome import OutgoingRequest
from webhooks_ui.egress.tls_options import DEFAULT_TLS, TlsOptions
from webhooks_ui.models.event import EventContent
from webhooks_ui.models.webhook_settings import WebhookSettings
from webhooks_ui.text.charset import UTF_8, charset_of
from webhooks_ui.version import __version__

USER_AGENT = ("User-Agent", f"webhooks-ui/{__version__}")


@dataclass(frozen=True)
class Endpoint:
    """Where a delivery goes and how: all of it in clear, to be used and not kept."""

    url: str
    authorization: Authorization
    payload_format: str
    signing_secrets: tuple[str, ...]
    tls: TlsOptions = DEFAULT_TLS
    method: str = "POST"
    template: Template = NO_TEMPLATE
    headers: tuple[ExtraHeader, ...] = ()

    @classmethod
    def from_settings(cls, settings: WebhookSettings, signing_secrets: tuple[str, ...]) -> Self:
        """Where the deliveries of a webhook with these settings go."""
        return cls(
            settings.url,
            settings.authorization,
            settings.payload_format,
            signing_secrets,
            settings.tls,
            settings.method,
            settings.template,
            settings.headers,
        )

    @cached_property
    def masked_authorization(self) -> dict[str, str]:
        """What is shown of headers that have a secret in them, by their names."""
        return self.authorization.masked() | dict.fromkeys((h.name for h in self.headers), MASK)

    @cached_property
    def _secrets(self) -> WithHeaders:
        return WithHeaders(self.authorization, self.headers)

    @cached_property
    def _beginnings(self) -> frozenset[bytes]:
        return beginnings(self._secrets)

    def redacted(self, data: bytes) -> bytes:
        """What the receiver sent back, with the secret taken out."""
        return redact(data, self._secrets) if self._may_stand_in(data) else data

    def redacted_body(self, data: bytes, media_type: str) -> bytes:
        """The same for a body, which echoes the secret in the charset that it names."""
        charset = charset_of(media_type, data)
        if charset != UTF_8 and self._beginnings:
            text = data.decode(charset, errors="replace")
            clean = self.redacted_text(text)
            data = data if clean == text else clean.encode(charset, errors="replace")
        return self.redacted(data)

    def redacted_text(self, text: str) -> str:
        """The same for text."""
        if not self._beginnings:
            return text
        return self.redacted(text.encode(errors="replace")).decode(errors="replace")

    def redacted_headers(self, headers: Sequence[tuple[str, str]]) -> list[list[str]]:
        """The same for headers, names and values."""
        every = "\n".join([part for pair in headers for part in pair]) if self._beginnings else ""
        if not self._may_stand_in(every.encode(errors="replace")):
            return [[name, value] for name, value in headers]
        return [[self.redacted_text(name), self.redacted_text(value)] for name, value in headers]

    def _may_stand_in(self, data: bytes) -> bool:
        return any(beginning in data for beginning in self._beginnings)


def compose(
    event: EventContent, endpoint: Endpoint, message_id: str, moment: datetime
) -> OutgoingRequest:
    """The request for `event`: headers of Standard Webhooks, authorization, body in its format.

    Raises PayloadError when no body can be made of it.
    """
    payload = format_of(endpoint.payload_format).payload(event, endpoint.template)
    body, timestamp = payload.body, int(moment.timestamp())
    signed = signing.headers(endpoint.signing_secrets, message_id, timestamp, body)
    own = (
        *endpoint.authorization.headers(timestamp, body),
        *((one.name, one.value) for one in endpoint.headers),
    )
    is_taken = any(name.lower() == "traceparent" for name, _ in own)
    trace = (("traceparent", event.traceparent),) if event.traceparent and not is_taken else ()
    return OutgoingRequest(
        url=endpoint.url,
        headers=(
            ("Content-Type", payload.content_type),
            USER_AGENT,
            *own,
            *trace,
            *signed,
        ),
        body=body,
        tls=endpoint.tls,
        method=endpoint.method,
    )


def masked_headers(sent: Iterable[tuple[str, str]], endpoint: Endpoint) -> list[list[str]]:
    """The headers as they go out, with the secret replaced by dots: what is stored and shown.

    The authorization's headers are known by their names: nothing else that is sent may have them.
    """
    masked = endpoint.masked_authorization
    return [[name, masked.get(name, value)] for name, value in sent]
