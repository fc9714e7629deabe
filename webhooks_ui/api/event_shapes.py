"""The bodies and answers of the event operations."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, Discriminator, Field, Tag

from webhooks_ui.api.body import Body, invalid, read_members
from webhooks_ui.api.shapes import Id, JsonObject, KeyName, KindName, Moment, RowShape, TypeName
from webhooks_ui.text.strict_json import JsonError, Member, items, members
from webhooks_ui.validation import event as event_rules
from webhooks_ui.web.problem import Fault, pointer

MAX_IN_BATCH = 1_000


class ChannelBody(Body):
    """A channel that is made, or renamed if its key is known."""

    key: KeyName
    name: str = Field(examples=["Telegram sales"])
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
        found = read_members(data)
        faults: list[Fault] = []
        if isinstance(getattr(found.get("events"), "value", None), list):
            read = [_event(raw, index) for index, raw in enumerate(items(found["events"].raw))]
            faults = [fault for one in read if isinstance(one, list) for fault in one]
            found["events"] = Member(read, b"")
        if faults:
            raise invalid(faults)
        batch = cls.of(found)
        if isinstance(batch, list):
            raise invalid(batch)
        return batch


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


def _event(raw: bytes, index: int) -> EventBody | list[Fault]:
    at = ("events", index)
    try:
        return EventBody.of(members(raw), at)
    except JsonError as error:
        return [Fault(pointer(*at), error.message)]
