"""What differs between two attempts of a delivery."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice
from typing import Any, NamedTuple

from webhooks_ui.models.attempt import Attempt

MAX_LINES = 400  # of a body: comparing takes the square of them at worst
_CONTEXT = 3
_FACTS = ("status_code", "reason", "error", "address", "http_version", "method", "request_url")


class Change(NamedTuple):
    """A value that differs; None where there was none, or is none any more."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class AttemptChanges:
    """`body` are lines of a unified diff of the responses; None: too long to compare.

    `facts` are named by their columns. Durations always differ and are left out.
    """

    facts: Sequence[Change]
    request_headers: Sequence[Change]
    response_headers: Sequence[Change]
    body: Sequence[str] | None

    def __bool__(self) -> bool:
        parts = (self.facts, self.request_headers, self.response_headers)
        return any(parts) or self.body is None or bool(self.body)


def between(before: Attempt, after: Attempt) -> AttemptChanges:
    """What the later attempt sent and got otherwise than the earlier one."""
    facts = [Change(name, getattr(before, name), getattr(after, name)) for name in _FACTS]
    tls = [(one.tls or {}).get("version") for one in (before, after)]
    formats = (before.payload_format, after.payload_format)
    facts += [Change("tls", *tls), Change("payload_format", *formats)]
    return AttemptChanges(
        [change for change in facts if (change.before or None) != (change.after or None)],
        list(_headers(before.request_headers, after.request_headers)),
        list(_headers(before.response_headers, after.response_headers)),
        _diff(before.pretty_body, after.pretty_body),
    )


def _headers(before: Iterable[Sequence[str]], after: Iterable[Sequence[str]]) -> Iterator[Change]:
    first, second = _by_name(before), _by_name(after)
    for name in first | second:
        if first.get(name) != second.get(name):
            yield Change(name, first.get(name), second.get(name))


def _by_name(headers: Iterable[Sequence[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _diff(before: str, after: str) -> list[str] | None:
    if before == after:
        return []
    first, second = before.splitlines(), after.splitlines()
    if max(len(first), len(second)) > MAX_LINES:
        return None
    changed = unified_diff(first, second, n=_CONTEXT, lineterm="")
    return list(islice(changed, 2, None))  # without the names of files
