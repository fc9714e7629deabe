"""A list as its URL asks for it."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar, Self

from webhooks_ui.models.pages import number_of

MAX_ARGUMENT = 255  # characters


@dataclass(frozen=True)
class ListQuery:
    """The arguments of a list's URL: each field is one; its default narrows nothing."""

    KNOWN: ClassVar[Mapping[str, Container[str]]] = {}
    """What an argument may be; any other text counts as none."""
    IDLE: ClassVar[tuple[str, ...]] = ("page",)
    """The arguments that narrow nothing."""

    @classmethod
    def parse(cls, arguments: Mapping[str, str]) -> Self:
        return cls(**cls._given(arguments))

    @classmethod
    def _given(cls, arguments: Mapping[str, str]) -> dict[str, Any]:
        """The fields' values, tidied."""
        given: dict[str, Any] = {}
        for name, default in cls._defaults().items():
            text = arguments.get(name, "").strip()[:MAX_ARGUMENT]
            if isinstance(default, int):
                given[name] = number_of(text)
            else:
                given[name] = text if text in cls.KNOWN.get(name, (text,)) else default
        return given

    @classmethod
    @cache
    def _defaults(cls) -> dict[str, Any]:
        return {field.name: field.default for field in fields(cls)}

    @property
    def active(self) -> bool:
        """Whether anything narrows the list."""
        return self.active_beyond()

    def active_beyond(self, *settled: str) -> bool:
        """Whether anything narrows the list but these fields."""
        idle = (*self.IDLE, *settled)
        return any(getattr(self, name) for name in self._defaults() if name not in idle)

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """The URL's arguments with some changed; defaults are left out."""
        defaults = self._defaults()
        wanted = {name: getattr(self, name) for name in defaults} | changes
        return {
            name: str(value)
            for name, value in wanted.items()
            if value and value != defaults.get(name)
        }
