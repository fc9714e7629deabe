"""The fields of a webhook's filters: ready ones to tick, and conditions to write."""

from collections.abc import Mapping
from typing import Any

import wtforms
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from wtforms import (
    FieldList,
    FormField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
)

from webhooks_ui.forms.base import trimmed
from webhooks_ui.forms.filter_values import typed_value, value_of
from webhooks_ui.text.filters import MAX_CONDITIONS, Condition, Filters
from webhooks_ui.validation import filters as filter_rules

OPERATORS = {
    "equals": _l("equals"),
    "not_equals": _l("does not equal"),
    "in": _l("is one of"),
    "contains": _l("contains"),
    "exists": _l("exists"),
    "matches": _l("matches the pattern"),
    "greater": _l("is greater than"),
    "less": _l("is less than"),
}
READY: dict[str, tuple[LazyString, tuple[Condition, ...]]] = {
    "incoming": (
        _l("Only incoming messages"),
        (Condition("message_type", "equals", "incoming"),),
    ),
    "public": (_l("No private notes"), (Condition("private", "not_equals", True),)),
    "people": (
        _l("Not from a bot"),
        (
            Condition("sender.type", "not_equals", "agent_bot"),
            Condition("sender.type", "not_equals", "captain_assistant"),
        ),
    ),
    "resolved": (
        _l("Status became resolved"),
        (Condition("changed_attributes[].status.current_value", "equals", "resolved"),),
    ),
}
"""Filters that many ask for, with their conditions."""
BLANK = 2  # rows for further conditions


class ConditionForm(wtforms.Form):
    """One condition."""

    path = StringField(_l("Path"), filters=[trimmed])
    operator = SelectField(
        _l("Operator"),
        choices=[SelectChoice(*item) for item in OPERATORS.items()],
        default="equals",
        validate_choice=False,
    )
    value = StringField(_l("Value"), filters=[trimmed])


def filter_fields() -> dict[str, Any]:
    """The fields, by their names in the form."""
    ready = [SelectChoice(name, label) for name, (label, _conditions) in READY.items()]
    matches = [
        SelectChoice("all", _l("All conditions match")),
        SelectChoice("any", _l("Any condition matches")),
    ]
    return {
        "filter_ready": SelectMultipleField(_l("Ready filters"), choices=ready),
        "filter_match": SelectField(_l("An event is sent when"), choices=matches, default="all"),
        "conditions": FieldList(
            FormField(ConditionForm),
            _l("Conditions"),
            min_entries=BLANK,
            max_entries=MAX_CONDITIONS + BLANK,
        ),
    }


def show_filters(form: Any, filters: Filters | None) -> None:
    """Fills the fields in."""
    rest = list(filters.conditions) if filters else []
    form.filter_match.data = filters.match if filters else "all"
    form.filter_ready.data = []
    for name, (_label, conditions) in READY.items():
        if form.filter_match.data == "all" and all(each in rest for each in conditions):
            form.filter_ready.data.append(name)
            rest = [each for each in rest if each not in conditions]
    while len(form.conditions):
        form.conditions.pop_entry()
    for each in rest:
        form.conditions.append_entry(
            {"path": each.path, "operator": each.operator, "value": typed_value(each)}
        )
    for _ in range(BLANK):
        form.conditions.append_entry()


def typed_filters(form: Any) -> Filters | None:
    """The filters as typed; the ready ones come first."""
    chosen = form.filter_ready.data or []
    ready = [each for name in chosen if name in READY for each in READY[name][1]]
    conditions = (*ready, *(_condition(row.data) for row in _rows(form)))
    if not conditions:
        return None
    return Filters("any" if form.filter_match.data == "any" else "all", conditions)


def mark_filters(form: Any) -> None:
    """Says at the conditions what is wrong with them."""
    rows = _rows(form)
    found = list(filter_rules.problems(tuple(_condition(row.data) for row in rows)))
    for index, member, words in found:
        rows[index].form[member].errors = [words]
    if len((typed_filters(form) or Filters("all", ())).conditions) > MAX_CONDITIONS:
        form.conditions.errors = [filter_rules.TOO_MANY]
    elif found:
        form.conditions.errors = [words for _index, _member, words in found]


def check_filters(form: Any) -> None:
    """Checks them alone: nothing else of the form need be right."""
    form.validate()
    for field in form:
        field.errors = []
    mark_filters(form)


def _rows(form: Any) -> list[Any]:
    """The conditions in which something is written."""
    return [row for row in form.conditions if row.form.path.data or row.form.value.data]


def _condition(typed: Mapping[str, str]) -> Condition:
    operator: Any = typed["operator"]
    return Condition(typed["path"], operator, value_of(operator, typed["value"]))
