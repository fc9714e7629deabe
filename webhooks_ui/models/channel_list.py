"""The list of channels: search and pages, from and to the URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import bindparam, select

from webhooks_ui.database.engine import db
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.pages import Page, number_of, within
from webhooks_ui.text.folding import folded

PAGE_SIZE = 50
_ROWS = (
    select(Channel)
    .where(Channel.id.in_(bindparam("ids", expanding=True)))
    .order_by(Channel.sort_key, Channel.id)
)


@dataclass(frozen=True, slots=True)
class ChannelQuery:
    """A search by words of a name or a key, and a page of its results."""

    q: str = ""
    page: int = 1

    @classmethod
    def parse(cls, arguments: Mapping[str, str]) -> Self:
        """From the arguments of a URL."""
        words = arguments.get("q", "").strip()[:200]
        return cls(words, number_of(arguments.get("page", "")))

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """The URL's arguments with some changed; defaults are left out."""
        wanted = {"q": self.q, "page": self.page} | changes
        return {name: str(value) for name, value in wanted.items() if value not in ("", 1)}

    def find(self) -> Page[Channel]:
        """The page asked for, or the last one if there are fewer."""
        words = folded(self.q).split()
        # The databases fold the case of Latin letters only, or none.
        found = [
            row.id
            for row in Channel.choices()
            if not words or _has(words, f"{row.name}\n{row.key}")
        ]
        number = within(self.page, len(found), PAGE_SIZE)
        ids = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        channels = db.session.scalars(_ROWS, {"ids": ids}).all()
        return Page(channels, len(found), number, PAGE_SIZE)


def _has(words: Sequence[str], text: str) -> bool:
    whole = folded(text)
    return all(word in whole for word in words)
