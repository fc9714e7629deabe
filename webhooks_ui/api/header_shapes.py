"""A webhook's own headers in the API: values go in and never come out."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from webhooks_ui.api.body import Body
from webhooks_ui.authorization.extra_headers import MAX_HEADERS, ExtraHeader


class HeaderBody(Body):
    """A header; without a value the one that is stored under this name stays."""

    name: str
    value: str | None = None


class HeaderShape(BaseModel):
    """A header, the value of which is not shown."""

    name: str
    value_set: bool = True


Headers = Annotated[
    list[HeaderBody],
    Field(
        json_schema_extra={"maxItems": MAX_HEADERS},
        description="Sent with every request, under the rules of custom authorization.",
    ),
]


def headers_of(
    given: Sequence[HeaderBody], stored: Sequence[ExtraHeader], *, keeps: bool
) -> tuple[ExtraHeader, ...]:
    """What is meant; `keeps`: values that are left out may stay as they are stored."""
    kept = {one.name.lower(): one.value for one in stored} if keeps else {}
    return tuple(
        ExtraHeader(
            one.name, kept.get(one.name.strip().lower(), "") if one.value is None else one.value
        )
        for one in given
    )
