"""The entries of a file, held to the same models as the bodies of the API."""

import json
from typing import Annotated, Any, TypeVar

from pydantic import Field

from webhooks_ui.api.body import DEFAULT_MESSAGE, Body, read_members
from webhooks_ui.api.configuration.faults import ImportFaults
from webhooks_ui.models.source import SourceOptions
from webhooks_ui.web.problem import Problem, pointer

Some = TypeVar("Some", bound=Body)
_TokenHash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class OptionsEntry(Body):
    """The options of a source."""

    private_notes: bool = False
    without_updates: bool = False
    substatus_key: str = ""
    channel_prefix: str = ""

    @property
    def options(self) -> SourceOptions:
        return SourceOptions(**self.model_dump())


class SourceEntry(Body):
    """A source. `token_hash` is that of the token in its URL."""

    id: str | None = None
    name: str
    kind: str = "chatwoot"
    options: OptionsEntry = Field(default_factory=OptionsEntry)
    secret: str | None = None
    token_hash: _TokenHash | None = None


def read(model: type[Some], entry: dict[str, Any], list_name: str, index: int) -> Some:
    """An entry as a body. Raises `ImportFaults`."""
    at = (list_name, index)
    try:
        text = json.dumps(entry)
    except (TypeError, ValueError):  # a date, bytes, a set, a number of thousands of digits
        raise ImportFaults.at(pointer(*at), DEFAULT_MESSAGE) from None
    try:
        # By the API's reader, which refuses what JSON has not.
        found = model.of(read_members(text.encode(), frozenset()), at)
    except Problem as problem:
        raise ImportFaults.at(pointer(*at), problem.description or "") from None
    if isinstance(found, list):
        raise ImportFaults(found)
    return found
