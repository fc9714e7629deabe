"""Headers that a webhook's owner adds to every request, under the rules of Custom authorization."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.authorization.base import Authorization, echo
from webhooks_ui.authorization.header_rules import name_problem, value_problem

MAX_HEADERS = 10
TOO_MANY = _l("Ten headers at most.")


@dataclass(frozen=True, slots=True)
class ExtraHeader:
    """A header; its value is kept as a secret is."""

    name: str
    value: str = field(repr=False)

    def tidied(self) -> "ExtraHeader":
        """Without white space and the colon after the name."""
        return ExtraHeader(self.name.strip().rstrip(": "), self.value.strip())


@dataclass(frozen=True, slots=True)
class WithHeaders:
    """The secrets of an authorization and of the headers beside it."""

    authorization: Authorization
    headers: tuple[ExtraHeader, ...]

    def echoes(self) -> list[tuple[str, str]]:
        return self.authorization.echoes() + [pair for h in self.headers for pair in echo(h.value)]


def problems(headers: Sequence[ExtraHeader], auth: Authorization) -> Iterator[LazyString]:
    """What keeps them from being sent, in words that name the header."""
    if len(headers) > MAX_HEADERS:
        yield TOO_MANY
    seen = {name.lower() for name in auth.header_names()}
    for one in headers:
        if words := name_problem(one.name):
            yield words
        elif one.name.lower() in seen:
            yield _l("%(name)s is sent already. Choose another name.", name=one.name)
        elif not one.value:
            yield _l("Enter the value of %(name)s.", name=one.name)
        elif words := value_problem(one.value):
            yield _l("%(name)s: %(problem)s", name=one.name, problem=words)
        seen.add(one.name.lower())
