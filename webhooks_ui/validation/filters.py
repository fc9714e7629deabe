"""What filters have to be: said once, for the form and the API."""

from collections.abc import Iterator
from typing import Any, get_args

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.text import filters
from webhooks_ui.text.filters import (
    MAX_CHOICES,
    MAX_CONDITIONS,
    MAX_PATH,
    MAX_VALUE,
    Condition,
    Operator,
)
from webhooks_ui.text.storable import UNSTORABLE, is_finite, is_storable

TOO_MANY = _l("Write %(most)s conditions at most.", most=MAX_CONDITIONS)

Problem = tuple[int, str, LazyString]
"""The condition's index, its member, and what to say."""


def problems(conditions: tuple[Condition, ...]) -> Iterator[Problem]:
    """What keeps conditions from being saved."""
    for index, each in enumerate(conditions[:MAX_CONDITIONS]):
        if not each.path:
            yield index, "path", _l("Enter a path, such as conversation.status.")
        elif len(each.path) > MAX_PATH or not filters.is_path(each.path):
            yield (
                index,
                "path",
                _l("Separate names with dots, as in conversation.status."),
            )
        elif not is_storable(each.path):
            yield index, "path", UNSTORABLE
        if each.operator not in get_args(Operator):
            yield index, "operator", _l("Choose one of the operators.")
        if problem := _value_problem(each):
            yield index, "value", problem


def _value_problem(condition: Condition) -> LazyString | None:
    value = condition.value
    match condition.operator:
        case "exists":
            is_right = value is None or isinstance(value, bool)
            return None if is_right else _l("Write true or false here.")
        case "in":
            return _choices_problem(value)
        case "contains" | "matches" if not (isinstance(value, str) and value):
            return _l("Enter a text.")
        case "greater" | "less" if value is None or value == "":
            return _l("Enter a number, or a time as the event has it.")
        case "matches" if _text_problem(value) is None and not filters.is_pattern(value):
            return _l("This is not a pattern of RE2. Look at brackets and backslashes.")
    return _scalar_problem(value)


def _choices_problem(value: Any) -> LazyString | None:
    if not isinstance(value, list) or not value:
        return _l("List at least one value.")
    if len(value) > MAX_CHOICES:
        return _l("List %(most)s values at most.", most=MAX_CHOICES)
    return next((problem for each in value if (problem := _scalar_problem(each))), None)


def _scalar_problem(value: Any) -> LazyString | None:
    if isinstance(value, dict | list):
        return _l("Write a text, a number, true, false or null.")
    if isinstance(value, str):
        return _text_problem(value)
    if isinstance(value, int | float) and not is_finite(value):
        return _l("Nothing compares with this number. Quotes around it make it a text.")
    return None


def _text_problem(text: str) -> LazyString | None:
    if len(text) > MAX_VALUE:
        return _l("Shorten this to %(most)s characters.", most=MAX_VALUE)
    return None if is_storable(text) else UNSTORABLE
