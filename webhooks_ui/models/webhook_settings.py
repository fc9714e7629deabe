"""What the owner of a webhook decides about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from webhooks_ui.authorization.base import Authorization
from webhooks_ui.authorization.extra_headers import ExtraHeader
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.catalogue.payload import NO_TEMPLATE, Template
from webhooks_ui.egress.tls_options import DEFAULT_TLS, TlsOptions
from webhooks_ui.models.channel import Channel
from webhooks_ui.text.filters import Filters

PLAIN = ("name", "url", "payload_format", "method")
"""Those that are one column, one field of the form and one member of the API, all by this name."""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """What its owner decides about a webhook, from the form or the API alike.

    `validation.webhook` says whether it can be saved. `channel` is None for all channels, and also
    where no channel has the key that was asked for, `channel_key`.
    """

    name: str = ""
    url: str = ""
    authorization: Authorization = field(default_factory=NoAuthorization)
    events: Sequence[str] = ()
    channel: Channel | None = None
    channel_key: str = ""
    payload_format: str = "envelope"
    method: str = "POST"
    template: Template = NO_TEMPLATE
    headers: tuple[ExtraHeader, ...] = ()
    tls: TlsOptions = DEFAULT_TLS
    enabled: bool = True
    paused_until: datetime | None = None
    filters: Filters | None = None
