"""The bodies and answers of the event operations."""

from typing import Annotated, Any, ClassVar, Self

from flask import current_app
from flask_babel import format_decimal
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel, Discriminator, Field, Tag

from webhooks_ui.api.body import MAX_FAULTS, MESSAGES, Body, Place, invalid
from webhooks_ui.api.shapes import (
    NAME_IS_TRIMMED,
    Id,
    JsonObject,
    KeyName,
    KindName,
    Moment,
    RowShape,
    TypeName,
)
from webhooks_ui.text.json_parts import FaultError, JsonError, TooLongError
from webhooks_ui.text.strict_json import Reader
from webhooks_ui.validation import event as event_rules
from webhooks_ui.web.problem import Fault, Problem, pointer

MAX_IN_BATCH = 1_000


class ChannelBody(Body):
    """A channel that is made, or renamed if its key is known."""

    key: KeyName
    name: str = Field(examples=["Telegram sales"], description=NAME_IS_TRIMMED)
    kind: KindName | None = None


def _kind_of_channel(value: Any) -> str | None:
    if isinstance(value, str):
        return "key"
    return "object" if isinstance(value, dict | ChannelBody) else None


NamedChannel = Annotated[
    Annotated[KeyName, Tag("key")] | Annotated[ChannelBody, Tag("object")],
    Discriminator(_kind_of_channel, custom_error_type="channel", custom_error_message="channel"),
]


class EventBody(Body):
    """An event as its sender gives it; `data` is passed on byte for byte."""

    raw: ClassVar[frozenset[str]] = frozenset({"data"})

    type: TypeName
    data: JsonObject
    channel: NamedChannel | None = Field(
        default=None,
        description="The key of a channel that is known, or a channel to be made or renamed.",
    )
    id: str | None = Field(
        default=None,
        description="The sender's own. The same id again is the same event.",
        json_schema_extra={"minLength": 1, "maxLength": 255},
    )
    occurred_at: str | None = Field(
        default=None, description="RFC 3339.", json_schema_extra={"format": "date-time"}
    )


class BatchBody(Body):
    """Events that are taken in together, or not at all."""

    events: list[EventBody] = Field(min_length=1, max_length=MAX_IN_BATCH)

    @classmethod
    def max_bytes(cls, max_event_bytes: int) -> int:
        """A batch is larger than one event."""
        return event_rules.largest_batch(max_event_bytes)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """The batch, each event with the bytes of its data."""
        most = current_app.config["MAX_EVENT_SIZE"]
        try:
            reader = Reader(data, event_rules.largest_body(most))
            events = _read_events(reader)
            reader.end()
        except TooLongError:
            raise Problem(413, event_rules.shorten(most)) from None
        except JsonError as error:
            raise Problem(400, error.message) from None
        if not events:
            words = "missing" if events is None else "too_short"
            raise invalid([Fault("/events", MESSAGES[words])])
        return cls.model_construct(events=events)


class AcceptedShape(RowShape):
    """What became of an event: its id, and how many webhooks get it."""

    id: str = Field(validation_alias="event_id")
    deliveries: int
    duplicate: bool


class AcceptedBatchShape(BaseModel):
    """What became of each event, in the order of the batch."""

    events: list[AcceptedShape]


class EventChannelShape(BaseModel):
    """The channel as it was when the event came in."""

    key: str
    name: str
    kind: str


class EventShape(RowShape):
    """An event as it was taken in. `sender_id` is what its sender called it."""

    id: Id
    type: str
    channel: EventChannelShape | None
    sender_id: str | None
    test: bool
    deliveries: int = Field(validation_alias="deliveries_count")
    occurred_at: Moment
    created_at: Moment
    data: JsonObject


def _read_events(reader: Reader) -> list[EventBody] | None:
    """The events of a batch; None if it has none. Whatever is too much is not looked at."""
    events: list[EventBody] | None = None
    for name in reader.names():
        if name != "events" or events is not None:
            raise invalid([Fault(pointer(name), MESSAGES["extra_forbidden"])])
        if reader.next_character() != "[":
            raise invalid([Fault("/events", MESSAGES["list_type"])])
        events, faults = [], list[Fault]()
        for index in reader.indexes():
            if index == MAX_IN_BATCH:
                words = _l("List %(most)s at most.", most=format_decimal(MAX_IN_BATCH))
                raise invalid([Fault("/events", words)])
            event = _read_event(reader, ("events", index))
            if isinstance(event, EventBody):
                events.append(event)
            elif len(faults := faults + event) >= MAX_FAULTS:
                break
        if faults:
            raise invalid(faults)
    return events


def _read_event(reader: Reader, at: Place) -> EventBody | list[Fault]:
    try:
        if reader.next_character() == "{":
            return EventBody.of(reader.members(EventBody.raw), at)
        reader.skip_value()
    except FaultError as error:
        return [Fault(pointer(*at), error.message)]
    return [Fault(pointer(*at), MESSAGES["model_type"])]
