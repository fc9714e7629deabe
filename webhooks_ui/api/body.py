"""Request bodies: JSON parsed strictly, then validated by a pydantic model, with messages of ours.

The models declare the members and their types; the values are held to the rules of `validation`.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, ClassVar, Self

from flask import request
from flask_babel import format_decimal
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import RequestEntityTooLarge

from webhooks_ui.api.content_coding import coding_of, decompressed
from webhooks_ui.text.filters import parsed
from webhooks_ui.text.json_parts import JsonError
from webhooks_ui.text.storable import UNSTORABLE, is_storable
from webhooks_ui.text.strict_json import Member, members
from webhooks_ui.validation import event as event_rules
from webhooks_ui.web.errors import ADVICE
from webhooks_ui.web.problem import Fault, Problem, pointer

Place = tuple[str | int, ...]
MAX_BYTES = 262_144  # of a body without an event
MAX_FAULTS = 50
"""That are listed at most: who has more of them has one mistake."""
MESSAGES = {
    "missing": _l("This is missing. Add it."),
    "string_type": _l("Write a text here."),
    "bool_type": _l("Write true or false here."),
    "too_short": _l("List at least one."),
    "list_type": _l("Write a list here: [ … ]."),
    "bytes_type": _l("The data must be a JSON object: { … }."),
    "model_type": _l("Write an object here: { … }."),
    "extra_forbidden": _l("This is not known here. Leave it out."),
    "union_tag_invalid": _l("Choose one of the kinds in the list."),
    "union_tag_not_found": _l("Name the kind in the member type."),
    "channel": _l("Write a channel's key here, or an object with its key and name."),
    "literal_error": _l("Choose one of the values that the description at /api/v1/docs lists."),
}
DEFAULT_MESSAGE = _l("This is not what the description at /api/v1/docs asks for.")


class Body(BaseModel):
    """A request body. `raw` names the members that stay the bytes that were sent."""

    model_config = ConfigDict(extra="forbid", strict=True)
    raw: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def max_bytes(cls, max_event_bytes: int) -> int:
        """The largest body, in bytes, where an event may have `max_event_bytes`."""
        return event_rules.largest_body(max_event_bytes) if "data" in cls.raw else MAX_BYTES

    @classmethod
    def read(cls, data: bytes) -> Self:
        """The parsed body; raises `Problem` (400 or 422)."""
        found = cls.of(read_members(data, cls.raw))
        if isinstance(found, list):
            raise invalid(found)
        return found

    @classmethod
    def of(cls, found: dict[str, Member], at: Place = ()) -> Self | list[Fault]:
        """The validated body, or its faults; `at` is its place in the whole request body."""
        values = {name: _value(member, name in cls.raw) for name, member in found.items()}
        if faults := list(islice(_unstorable(values, at), MAX_FAULTS)):
            return faults
        filled = cls.filled(values)
        try:
            return cls.model_validate(filled)
        except ValidationError as error:
            return faults_of(error, filled, at)

    @classmethod
    def filled(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The members, with blanks for missing ones that the rules have a message for."""
        return values


def read_body(max_bytes: int) -> bytes:
    """The request's body, decompressed.

    Raises 415 unless it is JSON, plain or in gzip, 413 above the limit, 400 for broken gzip.
    """
    if not request.is_json:
        raise Problem(415, ADVICE[415], headers={"Accept": "application/json"})
    coding = coding_of(request.headers.get("Content-Encoding", ""))
    data = read_data(max_bytes)
    if coding:
        data = decompressed(data, max_bytes)
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    return data


def read_data(max_bytes: int) -> bytes:
    """The request's body as it came; raises 413 above the limit."""
    request.max_content_length = max_bytes
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large(max_bytes) from None


def read_members(data: bytes, raw: frozenset[str]) -> dict[str, Member]:
    """The members of the JSON object; raises 400."""
    try:
        return members(data, raw)
    except JsonError as error:
        raise Problem(400, error.message) from None


def invalid(faults: Iterable[Fault]) -> Problem:
    """422 with the first faults of a body."""
    detail = _l("Nothing was changed. Each error says what to fix.")
    return Problem(422, detail, islice(faults, MAX_FAULTS))


def faults_of(error: ValidationError, values: object, at: Place = ()) -> list[Fault]:
    """The faults that pydantic found in `values`, with messages of ours."""
    details = error.errors(include_url=False, include_input=False)[:MAX_FAULTS]
    return [
        Fault(pointer(*at, *_place(d, values)), MESSAGES.get(d["type"], DEFAULT_MESSAGE))
        for d in details
    ]


def _too_large(most: int) -> Problem:
    return Problem(413, _l("Send %(most)s bytes at most at once.", most=format_decimal(most)))


def _place(detail: ErrorDetails, values: Any) -> list[str | int]:
    """The path of the member; pydantic's own also names the tags of unions, which are left out."""
    place: list[str | int] = []
    for part in detail["loc"]:
        with suppress(LookupError, TypeError):
            values = values[part]
            place.append(part)
    if detail["type"] == "missing":
        place.append(detail["loc"][-1])
    return place


def _value(member: Member, keep: bool) -> Any:
    return member.raw if keep and isinstance(member.value, dict) else parsed(member.raw)


def _unstorable(value: Any, at: Place) -> Iterator[Fault]:
    """A fault for each text, and each object with a name, that no column can hold."""
    match value:
        case str() if not is_storable(value):
            yield Fault(pointer(*at), UNSTORABLE)
        case dict():
            if not all(map(is_storable, value)):
                yield Fault(pointer(*at), UNSTORABLE)
            for name, inner in value.items():
                yield from _unstorable(inner, (*at, name))
        case list():
            for index, inner in enumerate(value):
                yield from _unstorable(inner, (*at, index))
