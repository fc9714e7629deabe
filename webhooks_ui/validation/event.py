"""The rules of an event, for the ping panel, the API and the command line."""

import re
from datetime import UTC, datetime, timedelta

from flask_babel import format_decimal
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.text import strict_json
from webhooks_ui.text.json_parts import JsonError

MAX_KEY_CHARACTERS = 255
ROOM = 65_536  # bytes of a body besides an event's data
BATCH_FACTOR = 8  # a batch may be as large as this many of the largest events
NO_MOMENT = _l("Write date and time as in RFC 3339, for example 2026-01-21T12:53:20Z.")
# RFC 3339 §5.6; Python knows no leap second, which is taken as the second after it.
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DAY = timedelta(days=1)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC) + _DAY, datetime.max.replace(tzinfo=UTC) - _DAY


def largest_body(most_bytes: int) -> int:
    """The largest body of one event, in bytes, where its data may have `most_bytes`."""
    return most_bytes + ROOM


def largest_batch(most_bytes: int) -> int:
    """The largest body of a batch, in bytes; it has to fit into memory."""
    return BATCH_FACTOR * largest_body(most_bytes)


def size_problem(data: bytes, most_bytes: int) -> LazyString | None:
    """The message for data that is larger than allowed; None for data that is not."""
    return None if len(data) <= most_bytes else shorten(most_bytes)


def data_problem(data: bytes, most_bytes: int) -> LazyString | None:
    """Why bytes cannot be an event's data; None if they can."""
    if problem := size_problem(data, most_bytes):
        return problem
    try:
        strict_json.check(data)
    except JsonError as error:
        return error.message
    return None


def shorten(most_bytes: int) -> LazyString:
    """The message for an event that is larger than allowed."""
    return _l(
        "Shorten the data: an event holds %(most)s bytes at most.",
        most=format_decimal(most_bytes),
    )


def key_problem(key: str) -> LazyString | None:
    """Why a text cannot be a sender's id or an idempotency key; None if it can."""
    if not key:
        return _l("Enter a text that no other event has, or leave it out.")
    if len(key) > MAX_KEY_CHARACTERS:
        return _l("Shorten this to %(most)s characters.", most=MAX_KEY_CHARACTERS)
    if not key.isprintable():
        return _l("Remove line breaks and control characters.")
    return None


def moment(text: str) -> datetime | None:
    """The time of an RFC 3339 date-time, or None if it is not one.

    None also for the first and the last day that Python has: other time zones overflow there.
    """
    try:
        if _MOMENT.fullmatch(text):
            leap = timedelta(seconds=1 if text[17:19] == "60" else 0)
            text = f"{text[:17]}59{text[19:]}" if leap else text
            found = datetime.fromisoformat(text.upper()).astimezone(UTC) + leap
            return found if _FIRST < found < _LAST else None
    except (ValueError, OverflowError):
        pass
    return None
