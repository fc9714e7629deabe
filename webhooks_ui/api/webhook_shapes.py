"""How webhooks look on their way in and out. Secrets go in and never come out."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from webhooks_ui.api.authorization_shapes import (
    NONE,
    AuthorizationBody,
    AuthorizationChange,
    AuthorizationShape,
    authorization_shape,
    blanks,
)
from webhooks_ui.api.body import Body
from webhooks_ui.api.filter_shapes import FiltersBody, FiltersShape
from webhooks_ui.api.header_shapes import Headers, HeaderShape
from webhooks_ui.api.shapes import NAME_IS_TRIMMED, AnyTypeName, Moment, without_defaults
from webhooks_ui.api.tls_shapes import TlsBody, TlsChange, TlsShape
from webhooks_ui.catalogue.payload import JSON, Template
from webhooks_ui.catalogue.payload_formats import FORMATS
from webhooks_ui.explanations.states import State
from webhooks_ui.models import Delivery, Webhook
from webhooks_ui.models.webhook_settings import PLAIN
from webhooks_ui.validation.template import MAX_TEMPLATE
from webhooks_ui.validation.webhook import METHODS

Name = Annotated[
    str,
    Field(json_schema_extra={"maxLength": 200}, examples=["CRM"], description=NAME_IS_TRIMMED),
]
Url = Annotated[
    str,
    Field(
        json_schema_extra={"maxLength": 2048, "format": "uri"},
        examples=["https://crm.example/hook"],
        description="Where events go: absolute, http or https, to an address that is public"
        " unless the setting ALLOWED_NETWORKS has it.",
    ),
]
Events = Annotated[list[AnyTypeName], Field(json_schema_extra={"minItems": 1})]
ChannelKey = Annotated[
    str | None, Field(description="The key of the one channel to listen to; null for all.")
]
Format = Annotated[
    str,
    Field(
        json_schema_extra={"enum": list(FORMATS)},
        description="`envelope` wraps the data with id, type, time and channel; `raw` is the data;"
        " `template` is what `template` makes of it.",
    ),
]
Method = Annotated[str, Field(json_schema_extra={"enum": list(METHODS)})]


class TemplateBody(Body):
    """A Jinja template of the body, see docs/templates.md; it is tried on samples when stored."""

    body: Annotated[str, Field(json_schema_extra={"maxLength": MAX_TEMPLATE})]
    content_type: Annotated[str, Field(json_schema_extra={"maxLength": 200})] = JSON

    @property
    def template(self) -> Template:
        return Template(self.body, self.content_type.strip())


class TemplateShape(BaseModel):
    """The template as it is stored."""

    body: str
    content_type: str

    @classmethod
    def of(cls, webhook: Webhook) -> Self | None:
        found = webhook.template
        return cls(body=found.body, content_type=found.content_type) if found.body else None


PausedUntil = Annotated[
    str | None,
    Field(
        json_schema_extra={"format": "date-time"},
        description="RFC 3339. Until then nothing is queued for it and nothing sent; null: it is"
        " not paused. What comes meanwhile can be recovered. A disabled one is not paused.",
    ),
]


class NewWebhook(Body):
    """A webhook to be."""

    name: Name = ""
    url: Url
    authorization: AuthorizationBody = NONE
    events: Events
    channel: ChannelKey = None
    payload_format: Format = "envelope"
    template: TemplateBody | None = None
    method: Method = "POST"
    headers: Headers = Field(default_factory=list)
    tls: TlsBody | None = None
    enabled: bool = True
    paused_until: PausedUntil = None
    filters: FiltersBody | None = None

    @classmethod
    def filled(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Blanks, about which the form's rules know what to say."""
        return blanks({"url": "", "events": []} | values)


class WebhookChanges(NewWebhook):
    """What is to be different about a webhook; the rest stays as it is, secrets too."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    url: Url = ""
    authorization: AuthorizationChange = NONE
    events: Events = Field(default_factory=list)
    template: Annotated[TemplateBody | None, Field(description="Null: none.")] = None
    tls: Annotated[TlsChange | None, Field(description="Null: as for a new webhook.")] = None
    filters: Annotated[FiltersBody | None, Field(description="Null: none.")] = None

    @classmethod
    def filled(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Nothing is missing."""
        return values


class HealthShape(BaseModel):
    """How it goes: by the last delivery, and since when none has succeeded.

    While the receiver does not answer, `next_probe_at` is when the next attempt is made, alone.
    """

    state: State
    last_delivery_id: str | None
    last_delivery_at: Moment | None
    failing_since: Moment | None
    next_probe_at: Moment | None


class WebhookShape(BaseModel):
    """A webhook. `disabled_reason`: `manual`, `gone` (its receiver said 410) or `failing`.

    `state`: `degraded` is one that took under 95 % of the last 24 hours' events at the first
    attempt (of 20 attempts at least), `working` one whose last attempt or test was accepted,
    however long ago. `limited_until` is set while its receiver limits it (429, Retry-After):
    nothing is sent before.
    """

    id: str
    name: str
    url: str
    authorization: AuthorizationShape
    events: list[str]
    channel: str | None
    payload_format: str
    template: TemplateShape | None
    method: str
    headers: list[HeaderShape]
    tls: TlsShape
    enabled: bool
    disabled_reason: str | None
    paused_until: Moment | None
    filters: FiltersShape | None
    state: State
    limited_until: Moment | None
    created_at: Moment
    updated_at: Moment
    deleted_at: Moment | None
    health: HealthShape

    @classmethod
    def of(cls, webhook: Webhook, last: Delivery | None, **more: Any) -> Self:
        return cls(
            id=webhook.public_id,
            **{name: getattr(webhook, name) for name in PLAIN},
            authorization=authorization_shape(webhook),
            events=webhook.event_types,
            channel=webhook.channel.key if webhook.channel else None,
            template=TemplateShape.of(webhook),
            headers=[HeaderShape(name=name) for name in webhook.header_names],
            tls=TlsShape.of(webhook),
            enabled=webhook.enabled,
            disabled_reason=webhook.disabled_reason,
            paused_until=webhook.resumes_at,
            filters=FiltersShape.of(webhook.filters),
            state=webhook.state,
            limited_until=webhook.limited_until,
            created_at=webhook.created_at,
            updated_at=webhook.updated_at,
            deleted_at=webhook.deleted_at,
            health=HealthShape.model_construct(
                state=webhook.state,
                last_delivery_id=last.public_id if last else None,
                last_delivery_at=last.created_at if last else None,
                failing_since=webhook.failing_since,
                next_probe_at=webhook.probed_at,
            ),
            **more,
        )


class WebhookWithSecret(WebhookShape):
    """A webhook as it is told once: with the secret under which its deliveries are signed."""

    signing_secret: str = Field(examples=["whsec_…"])


class WebhookPage(BaseModel):
    """Webhooks, oldest first; `next` is the cursor of the page after."""

    webhooks: list[WebhookShape]
    next: str | None
