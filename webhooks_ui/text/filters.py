"""Filters: conditions on an event's data, which decide whether a webhook gets it.

A path is a part of JMESPath (jmespath.org): names, indexes and projections. Functions, pipes and
multi-selects are left out, so that no path takes longer than the data is large. Patterns are RE2's,
whose time is linear in the text.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal, Self

Operator = Literal["equals", "not_equals", "in", "contains", "exists", "matches", "greater", "less"]
MAX_CONDITIONS = 20
MAX_PATH = 200  # characters
MAX_VALUE = 1_000  # characters
MAX_CHOICES = 100  # of `in`
_NODES = frozenset(
    (
        *("field", "subexpression", "index", "index_expression", "projection"),
        *("value_projection", "flatten", "identity"),
    )
)
_KEPT = 512  # compiled paths and patterns
_LONGEST_INTEGER = 300  # digits; more are no number that a float could hold


@dataclass(frozen=True, slots=True)
class Condition:
    """What one value has to be. Where the path leads to a list, one of its elements is enough."""

    path: str
    operator: Operator
    value: Any = None

    def __str__(self) -> str:
        """The condition in one line: ``message_type equals "incoming"``."""
        return f"{self.path} {self.operator} {in_json(self.value)}"

    def holds(self, data: Any) -> bool:
        """Whether it holds for the parsed data."""
        found = _compiled_path(self.path).search(data)
        if self.operator == "exists":
            return (found is not None) is (self.value is not False)
        values = found if isinstance(found, list) else [found]
        if self.operator == "not_equals":
            return not any(_same(each, self.value) for each in values)
        test = _TESTS[self.operator]
        return any(test(each, self.value) for each in values)


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions of which all or any have to hold; `as_json` is how they are stored."""

    match: Literal["all", "any"]
    conditions: tuple[Condition, ...]

    def unmet(self, data: Any) -> tuple[Condition, ...]:
        """The conditions for which the parsed data do not match; empty if they do."""
        failed = tuple(each for each in self.conditions if not each.holds(data))
        if self.match == "any" and len(failed) < len(self.conditions):
            return ()
        return failed

    @property
    def as_json(self) -> dict[str, Any]:
        """The filters as the API has them."""
        return {"match": self.match, "conditions": [asdict(each) for each in self.conditions]}

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> Self | None:
        """The filters that were stored; None without any."""
        if not stored or not stored["conditions"]:
            return None
        return cls(stored["match"], tuple(Condition(**each) for each in stored["conditions"]))


def in_json(value: Any) -> str:
    """A value as JSON in which everything can be seen: half of a surrogate pair has no UTF-8."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def parsed(data: bytes) -> Any:
    """A value in JSON; an integer too long to compute with is taken as a float."""
    return _DECODER.decode(data.decode())


def is_path(text: str) -> bool:
    """Whether conditions can have this path."""
    from jmespath.exceptions import JMESPathError

    try:
        return _is_plain(_compiled_path(text).parsed)
    except (JMESPathError, RecursionError):
        return False


def is_pattern(text: str) -> bool:
    """Whether `matches` can have this pattern."""
    import re2

    try:
        _compiled_pattern(text)
    except (re2.error, UnicodeEncodeError):
        return False
    return True


def _is_plain(node: Mapping[str, Any]) -> bool:
    return node["type"] in _NODES and all(map(_is_plain, node["children"]))


# Both libraries are imported when the first filter is used: most installations have none.
@lru_cache(_KEPT)
def _compiled_path(path: str) -> Any:
    import jmespath

    return jmespath.compile(path)


@lru_cache(_KEPT)
def _compiled_pattern(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= _LONGEST_INTEGER else float(text)


_DECODER = json.JSONDecoder(parse_int=_integer)


def _same(found: Any, wanted: Any) -> bool:
    """Equality of scalars; a number also equals the text that it is written as."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, str) is isinstance(wanted, str):
        return bool(found == wanted)
    number = wanted if isinstance(found, str) else found
    if not isinstance(number, int | float):
        return False
    return _number(found) == _number(wanted)


def _is_in(found: Any, choices: Any) -> bool:
    return any(_same(found, each) for each in choices)


def _contains(found: Any, part: Any) -> bool:
    """Whether a text has another one in it, whatever their case."""
    return isinstance(found, str) and str(part).casefold() in found.casefold()


def _matches(found: Any, pattern: Any) -> bool:
    if not isinstance(found, str):
        return False
    text = found.encode(errors="replace").decode()  # half of a surrogate pair has no UTF-8
    return _compiled_pattern(pattern).search(text) is not None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
    except OverflowError:  # an integer that a float cannot hold
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]


def _compared(found: Any, limit: Any) -> int:
    """Whether it is above (1) or below (-1); 0 for neither. Times compare as texts."""
    one, other = _number(found), _number(limit)
    if one is None or other is None:
        if not (isinstance(found, str) and isinstance(limit, str)):
            return 0
        return (found > limit) - (found < limit)
    return (one > other) - (one < other)


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "in": _is_in,
    "contains": _contains,
    "matches": _matches,
    "greater": lambda found, limit: _compared(found, limit) > 0,
    "less": lambda found, limit: _compared(found, limit) < 0,
}


MAX_PATHS = 150
_MAX_DEPTH = 6
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def paths(value: Any, before: str = "", depth: int = _MAX_DEPTH) -> Iterator[str]:
    """The path of every scalar in an object; of lists, that of all elements."""
    if isinstance(value, dict) and depth:
        for name, inner in value.items():
            part = name if _PLAIN_NAME.fullmatch(name) else in_json(name)
            yield from paths(inner, f"{before}.{part}" if before else part, depth - 1)
    elif isinstance(value, list):
        yield from paths(value[0] if value else None, f"{before}[]", depth)
    elif before:
        yield before
