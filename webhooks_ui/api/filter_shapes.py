"""How a webhook's filters look on their way in and out."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field

from webhooks_ui.api.body import Body
from webhooks_ui.text.filters import MAX_CONDITIONS, MAX_PATH, Condition, Filters, Operator
from webhooks_ui.validation import filters as filter_rules
from webhooks_ui.web.problem import Fault

Path = Annotated[
    str,
    Field(
        json_schema_extra={"maxLength": MAX_PATH, "minLength": 1},
        examples=["conversation.status", "changed_attributes[].status.current_value"],
        description="Where in the data: names, indexes and projections of JMESPath. Where it leads"
        " to a list, one of its elements is enough.",
    ),
]
Value = Annotated[
    Any,
    Field(
        description="A text, a number, true, false or null; of `in` a list of them, of `exists`"
        " true or false, of `matches` a pattern of RE2. `contains` is blind to case."
    ),
]
Match = Annotated[Literal["all", "any"], Field(description="How many conditions have to hold.")]


class ConditionBody(Body):
    """What a value in the data has to be."""

    path: Path
    operator: Operator
    value: Value = None


class FiltersBody(Body):
    """Which events of those that it subscribes to a webhook gets, by their data."""

    match: Match = "all"
    conditions: Annotated[
        list[ConditionBody], Field(json_schema_extra={"maxItems": MAX_CONDITIONS})
    ]

    @property
    def filters(self) -> Filters | None:
        """The filters; None for no conditions."""
        chosen = tuple(Condition(c.path, c.operator, c.value) for c in self.conditions)
        return Filters(self.match, chosen) if chosen else None

    def faults(self) -> Iterator[Fault]:
        """What keeps them from being saved."""
        if len(self.conditions) > MAX_CONDITIONS:
            yield Fault("/filters/conditions", filter_rules.TOO_MANY)
        for index, member, words in filter_rules.problems(
            self.filters.conditions if self.filters else ()
        ):
            yield Fault(f"/filters/conditions/{index}/{member}", words)


class ConditionShape(BaseModel):
    """What a value in the data has to be."""

    path: str
    operator: Operator
    value: Value


class FiltersShape(BaseModel):
    """Which events a webhook gets, by their data."""

    match: Match
    conditions: list[ConditionShape]

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> Self | None:
        return cls.model_validate(stored) if stored else None
