"""What a kind of authorization is: one class that the form, the API, the database, the sender and
the pages are made from. kinds.py lists them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import ClassVar, Self, TypeAlias

from flask_babel.speaklater import LazyString

MASK = "••••••••"
SHORTEST_SECRET = 4
"""Characters of a secret that occurs in no text by chance."""

Text: TypeAlias = str | LazyString
Header: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Input:
    """How a member of a kind is asked for; `name` is its name in the API and the database.

    `kept` is what a page shows of a secret that is set, `removal` what the tick says that removes
    one, where it may be left out; `is_code` sets what is no secret in type. `choices` are all that
    may be given; `default` is what is meant where nothing is, `is_optional` that it may be empty.
    """

    name: str
    form_name: str
    label: Text
    kept: Text | None = None
    removal: Text | None = None
    placeholder: str = ""
    is_code: bool = False
    choices: tuple[str, ...] = ()
    default: str = ""
    is_optional: bool = False
    hint: Text = ""

    @property
    def is_secret(self) -> bool:
        """Whether it is encrypted, never shown, and kept when it is left empty."""
        return self.kept is not None


@dataclass(frozen=True, slots=True)
class Authorization(ABC):
    """A webhook's authorization: what its owner gave, and the headers that it becomes.

    A kind is a frozen dataclass of strings. The metadata of each field is what `Input` says of it;
    one of them at most is a secret, which is left out of the representation.
    """

    type: ClassVar[str]  # at most ten characters
    label: ClassVar[Text]
    hint: ClassVar[Text]
    # In the API's description: of what goes in, of a change where that differs, of what comes out.
    description: ClassVar[str]
    description_of_change: ClassVar[str] = ""
    description_of_answer: ClassVar[str]
    form_prefix: ClassVar[str] = "auth_"  # of the form's fields, to tell apart members of one name
    is_folded: ClassVar[bool] = False  # away under "More" in the form

    @abstractmethod
    def headers(self, timestamp: int, body: bytes) -> tuple[Header, ...]:
        """The headers' names and values.

        `timestamp` is the attempt's, in seconds, as `webhook-timestamp` has it; `body` is what is
        sent.
        """

    @abstractmethod
    def member_problems(self) -> dict[str, LazyString | None]:
        """What keeps each member from being sent, or None."""

    def tidied(self) -> Self:
        """What was meant by what was typed or pasted; doing it twice changes nothing more."""
        return self.from_members({name: text.strip() for name, text in self.members.items()})

    def echoes(self) -> list[tuple[str, str]]:
        """What of the secret a receiver may send back, each with what is shown in its place."""
        return echo(self.secret)

    def masked(self) -> dict[str, str]:
        """What is shown in place of headers that have a secret in them, by their names."""
        return {name: MASK for name, _value in self.headers(0, b"")}

    def header_names(self) -> tuple[str, ...]:
        return tuple(name for name, _value in self.headers(0, b""))

    def own_urls(self) -> Mapping[str, str]:
        """The URLs that it asks besides the webhook's, by their members."""
        return {}

    def problems(self) -> dict[str, LazyString]:
        """What keeps it from being sent, by form field; empty when nothing does."""
        found = self.member_problems()
        return {
            self.form_prefix + name: words for name, words in found.items() if words is not None
        }

    @classmethod
    def inputs(cls) -> tuple[Input, ...]:
        """How its members are asked for."""
        return tuple(Input(f.name, cls.form_prefix + f.name, **f.metadata) for f in fields(cls))

    @classmethod
    def secret_name(cls) -> str:
        """The name of the member that is a secret; empty where there is none."""
        return next((one.name for one in cls.inputs() if one.is_secret), "")

    @classmethod
    def from_members(cls, members: Mapping[str, str]) -> Self:
        """The authorization of these members; what is missing is as its default says."""
        return cls(*(members.get(one.name, one.default) for one in cls.inputs()))

    @classmethod
    def short_label(cls, _public: Mapping[str, str]) -> Text:
        """The kind in a word, as lists show it, by its members that are no secret."""
        return cls.label

    @property
    def members(self) -> dict[str, str]:
        return asdict(self)

    @property
    def public(self) -> dict[str, str]:
        """What may be shown."""
        return {name: text for name, text in self.members.items() if name != self.secret_name()}

    @property
    def secret(self) -> str:
        """The secret in clear; empty where there is none."""
        return self.members.get(self.secret_name(), "")


def echo(text: str) -> list[tuple[str, str]]:
    """The echo of a text as it is, unless it is too short to be known for a secret."""
    return [(text, MASK)] if len(text) >= SHORTEST_SECRET else []
