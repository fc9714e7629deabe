"""Types that several shapes of the API share."""

from datetime import datetime
from typing import Annotated, Self, cast

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.config import JsonDict

from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.catalogue.event_types import ALL_TYPES, EVENT_TYPES
from webhooks_ui.validation.channel import KEY_PATTERN, MAX_KEY_CHARACTERS
from webhooks_ui.web.localised import isotime

Moment = Annotated[
    datetime,
    PlainSerializer(isotime, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Id = Annotated[str, Field(validation_alias="public_id")]
# The description lists the values; the rules of `validation` refuse the others.
TypeName = Annotated[str, WithJsonSchema({"type": "string", "enum": list(EVENT_TYPES)})]
AnyTypeName = Annotated[str, WithJsonSchema({"type": "string", "enum": list(ALL_TYPES)})]
KindName = Annotated[str, WithJsonSchema({"type": "string", "enum": list(CHANNEL_KINDS)})]
KeyName = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_KEY_CHARACTERS,
            "pattern": f"^{KEY_PATTERN}$",
            "examples": ["telegram-sales"],
        }
    ),
]
JsonObject = Annotated[bytes, WithJsonSchema({"type": "object"})]


NAME_IS_TRIMMED = "Spaces around it are left out."


def without_defaults(schema: JsonDict) -> None:
    """What is left out of a change stays as it is, so nothing has a default."""
    for member in cast("dict[str, JsonDict]", schema["properties"]).values():
        member.pop("default", None)


class RowShape(BaseModel):
    """A shape whose members are the attributes of a row."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, row: object) -> Self:
        return cls.model_validate(row)


class ProblemShape(BaseModel):
    """What went wrong and how to mend it (RFC 9457)."""

    title: str
    status: int
    detail: str
    errors: list["FaultShape"] | None = None


class FaultShape(BaseModel):
    """One thing that is wrong with what was sent: a JSON pointer to it, and how to mend it."""

    pointer: str
    detail: str
