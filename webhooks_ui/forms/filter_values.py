"""A condition's value as it is typed, and typed again: what is shown and saved stays what it was.

What is written as true, false, null, a number or a text in quotes is that, as in JSON; else it is
the text as it stands. Of `in` it is a list: in JSON, or with commas between.
"""

import json
from typing import Any

from webhooks_ui.text.filters import Condition, Operator, in_json
from webhooks_ui.text.visibility import has_controls


def value_of(operator: Operator, typed: str) -> Any:
    """The value that is typed for this operator."""
    match operator:
        case "exists" if not typed:
            return True
        case "in":
            return _choices(typed)
        case "contains" | "matches":
            return _text(typed)
    return _scalar(typed)


def typed_value(condition: Condition) -> str:
    """What to type for the value of a condition."""
    operator, value = condition.operator, condition.value
    if not isinstance(value, list):
        return _typed(operator, value)
    plain = ", ".join(_typed("equals", each) for each in value)
    is_read = in_json(_choices(plain)) == in_json(value)  # not where a text has a comma
    return plain if is_read else in_json(value)


def _typed(operator: Operator, value: Any) -> str:
    is_plain = isinstance(value, str) and not _needs_quotes(value)
    return value if is_plain and value_of(operator, value) == value else in_json(value)


def _needs_quotes(text: str) -> bool:
    """Whether a field would lose something of it: space around it, line breaks."""
    return text != text.strip() or has_controls(text)


def _scalar(typed: str) -> Any:
    value = _parsed(typed)
    return typed if isinstance(value, dict | list) else value


def _choices(typed: str) -> list[Any]:
    listed = _parsed(typed)
    if isinstance(listed, list):
        return listed
    parts = (part.strip() for part in typed.split(","))
    return [_scalar(part) for part in parts if part]


def _text(typed: str) -> str:
    """A text; quotes belong to it, unless it could not be typed without them."""
    inner = _parsed(typed)
    if not isinstance(inner, str) or inner == typed:
        return typed
    return inner if _needs_quotes(inner) or _text(inner) != inner else typed


def _parsed(typed: str) -> Any:
    """What it is as JSON; itself where it is none."""
    try:
        return json.loads(typed)
    except (ValueError, RecursionError):
        return typed
