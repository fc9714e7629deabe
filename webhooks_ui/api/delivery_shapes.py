"""The answers of the delivery operations, the filters of the list, the body of a test."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, Field, WithJsonSchema

from webhooks_ui.api.body import Body
from webhooks_ui.api.pages import PageQuery
from webhooks_ui.api.shapes import AnyTypeName, JsonObject, Moment, RowShape
from webhooks_ui.catalogue.error_codes import DELIVERY_STATUSES, DeliveryStatus
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.explanations.network_errors import NOTES
from webhooks_ui.models import Attempt, Delivery


def _one_of(*values: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": list(values)})


class DeliveryQuery(PageQuery):
    """Which deliveries: all of these hold."""

    status: Annotated[str | None, _one_of(*DELIVERY_STATUSES)] = None
    webhook: str | None = Field(default=None, description="A webhook's id.")
    event: str | None = Field(default=None, description="An event's id.")
    type: Annotated[str | None, _one_of(*ALL_TYPES)] = Field(
        default=None, description="An event type."
    )
    channel: str | None = Field(default=None, description="A channel's key.")
    test: Annotated[str | None, _one_of("true", "false")] = None


class TestBody(Body):
    """A test event: a type, and the data to send; without data, the catalogue's sample."""

    raw: ClassVar[frozenset[str]] = frozenset({"data"})

    type: AnyTypeName
    data: JsonObject | None = None


class TimingsShape(BaseModel):
    """Milliseconds of each phase; null for one that did not happen."""

    dns: int | None
    connect: int | None
    tls: int | None
    first_byte: int | None
    total: int | None


class RequestShape(RowShape):
    """What was sent, with dots in place of the secret."""

    url: str = Field(validation_alias="request_url")
    headers: list[tuple[str, str]] = Field(validation_alias="request_headers")
    method: str


class ResponseShape(RowShape):
    """The response as far as it arrived: the first 64 KiB of its body."""

    headers: list[tuple[str, str]] = Field(validation_alias="response_headers")
    body: str = Field(validation_alias="response_body")
    charset: str = Field(
        description="By which the body was decoded: the one that the receiver names, else UTF-8."
    )
    truncated: bool
    size: int = Field(
        validation_alias="response_size",
        description="Bytes of the body, as far as it was read or, when truncated, as announced.",
    )


class CertificateShape(BaseModel):
    """How the connection was secured, and what the receiver's certificate says, also a refused one.

    Names are in the form of RFC 4514; empty where the certificate could not be read.
    """

    version: str
    cipher: str
    subject: str
    issuer: str
    not_before: str
    not_after: str
    san: list[str]


class AttemptShape(BaseModel):
    """One request and what came back. `error` and `detail` say why it failed."""

    number: int
    started_at: Moment
    duration_ms: int
    address: str | None
    status_code: int | None
    error: str | None = Field(description="Null on success.")
    detail: str = Field(
        description="The network's or OpenSSL's own words for the error; empty without one."
    )
    notes: list[Annotated[str, _one_of(*NOTES)]] = Field(
        description="What was unusual about the way or the response, although it counts."
    )
    location: str | None = Field(description="Where a redirect points, which is not followed.")
    tls: CertificateShape | None
    timings_ms: TimingsShape
    request: RequestShape
    response: ResponseShape

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        timings = {phase: attempt.timings_ms.get(phase) for phase in TimingsShape.model_fields}
        return cls(
            number=attempt.number,
            started_at=attempt.started_at,
            duration_ms=attempt.duration_ms,
            address=attempt.address,
            status_code=attempt.status_code,
            error=attempt.error,
            detail=attempt.detail,
            notes=attempt.notes,
            location=attempt.location,
            tls=CertificateShape(**attempt.tls) if attempt.tls else None,
            timings_ms=TimingsShape(**timings),
            request=RequestShape.of(attempt),
            response=ResponseShape.of(attempt),
        )


class DeliveryHead(BaseModel):
    """A delivery: one event on its way to one webhook.

    `message_id` is sent as `webhook-id`: that of the first delivery of the event to the webhook,
    by which the receiver knows a repetition. `resend_of` is the delivery that this one repeats.
    """

    id: str
    message_id: str
    resend_of: str | None
    webhook_id: str | None
    event_id: str
    type: str
    test: bool
    status: DeliveryStatus
    created_at: Moment
    next_attempt_at: Moment | None


class DeliveryShape(DeliveryHead):
    """A delivery with the attempts that were made at it."""

    attempts: list[AttemptShape]

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        attempts = [AttemptShape.of(attempt) for attempt in delivery.attempts]
        return cls(**_head(delivery), attempts=attempts)


class DeliverySummary(DeliveryHead):
    """A delivery in a list, without its attempts."""

    attempts_made: int

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(**_head(delivery), attempts_made=delivery.attempts_made)


class DeliveryPage(BaseModel):
    """Deliveries, newest first; `next` is the cursor of the page after."""

    deliveries: list[DeliverySummary]
    next: str | None


def _head(delivery: Delivery) -> dict[str, Any]:
    due = delivery.due_at if delivery.status == "pending" else None
    return {
        "id": delivery.public_id,
        "message_id": delivery.message_id,
        "resend_of": delivery.repeats,
        "webhook_id": delivery.webhook.public_id if delivery.webhook else None,
        "event_id": delivery.event.public_id,
        "type": delivery.type,
        "test": delivery.test,
        "status": delivery.status,
        "created_at": delivery.created_at,
        # Due at once: since it was created.
        "next_attempt_at": max(due, delivery.created_at) if due else None,
    }
