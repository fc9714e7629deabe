"""Custom: a header by name and value."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.authorization.base import MASK, Authorization, Header, Text, echo
from webhooks_ui.authorization.header_rules import name_problem, value_problem

_AS_WRITTEN = ("{}: {}", "{}:{}", '"{}": "{}"', '"{}":"{}"')


@dataclass(frozen=True, slots=True)
class Custom(Authorization):
    """A header of the owner's own choosing."""

    type = "custom"
    label = "Custom"
    hint = _l("a header of your own, by name and value")
    description = (
        "A header of your own choosing; spaces around its value, which HTTP drops, are left out."
    )
    description_of_answer = "A header, the value of which is not shown."

    header_name: str = field(
        metadata={"label": _l("Header name"), "placeholder": "X-Api-Key", "is_code": True}
    )
    header_value: str = field(
        repr=False, metadata={"label": _l("Header value"), "kept": _l("value set")}
    )

    @classmethod
    def short_label(cls, public: Mapping[str, str]) -> Text:
        name = public.get("header_name")
        return f"{cls.label}: {name}" if name else cls.label

    def headers(self, _timestamp: int, _body: bytes) -> tuple[Header]:
        return ((self.header_name, self.header_value),)

    def tidied(self) -> "Custom":
        """Without white space; a colon after the name goes, "Name: value" is taken apart."""
        name, value = self.header_name.strip(), self.header_value.strip()
        if not value:
            name, _, value = name.partition(":")
        return Custom(name.strip().rstrip(": "), value.strip())

    def member_problems(self) -> dict[str, LazyString | None]:
        value = self.header_value
        return {
            "header_name": name_problem(self.header_name),
            "header_value": value_problem(value) if value else _l("Enter the header's value."),
        }

    def echoes(self) -> list[tuple[str, str]]:
        """The value, and what stands in it behind a scheme; a short one only behind its name."""
        return echo(self.header_value) + self._credentials() or self._whole_headers()

    def _credentials(self) -> list[tuple[str, str]]:
        """The credentials behind a scheme ("Token abc"), which may come back without it."""
        scheme, _, credentials = self.header_value.partition(" ")
        echoes = echo(credentials.strip())
        if scheme.lower() == "basic":
            try:
                pair = base64.b64decode(credentials, validate=True).decode()
            except ValueError:
                return echoes
            echoes += echo(pair.partition(":")[2])
        return echoes

    def _whole_headers(self) -> list[tuple[str, str]]:
        names = dict.fromkeys(
            (self.header_name, self.header_name.lower(), self.header_name.title())
        )
        return [
            (written.format(name, self.header_value), written.format(name, MASK))
            for written in _AS_WRITTEN
            for name in names
        ]
