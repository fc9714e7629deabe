"""What the audit log is asked for, from and to the URL; what means nothing is left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from zoneinfo import ZoneInfo

from webhooks_ui.audit.entry import TOPICS
from webhooks_ui.forms.log_filters import LogQuery
from webhooks_ui.models.audit_list import AuditFilter

_TIMES = ("span", "since", "until", "zone")


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """`when` holds the span of time, as the other lists have it. `before` is the cursor."""

    when: LogQuery
    who: str = ""
    what: str = ""
    q: str = ""
    before: str = ""

    @classmethod
    def parse(cls, arguments: Mapping[str, str]) -> Self:
        """From the arguments of a URL."""
        times = {name: arguments.get(name, "") for name in (*_TIMES, "before")}
        when = LogQuery.parse(times)
        given = {name: arguments.get(name, "").strip()[:200] for name in ("who", "what", "q")}
        if given["what"] not in TOPICS:
            given["what"] = ""
        return cls(when, before=when.before, **given)

    @property
    def active(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.who or self.what or self.q) or self.when.active

    @property
    def span(self) -> str:
        """The code of a span that ends now."""
        return self.when.span

    @property
    def since(self) -> str:
        """Its begin, as the URL has it."""
        return self.when.since

    @property
    def until(self) -> str:
        """Its end, as the URL has it."""
        return self.when.until

    @property
    def clock(self) -> ZoneInfo:
        """The time zone of both."""
        return self.when.clock

    def on_clock(self, name: str) -> str:
        """`since` or `until` as the field shows it."""
        return self.when.on_clock(name)

    @property
    def cursor(self) -> int | None:
        """The row before which the page begins."""
        return self.when.cursor

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """The URL's arguments with some changed."""
        times = {name: getattr(self.when, name) for name in _TIMES}
        own = {"who": self.who, "what": self.what, "q": self.q, "before": self.before}
        return {name: str(value) for name, value in (own | times | changes).items() if value}

    def entries(self) -> AuditFilter:
        """The entries that are asked for."""
        span = self.when.events()
        return AuditFilter(
            who=self.who or None,
            topic=self.what or None,
            about=self.q or None,
            since=span.since if span else None,
            until=span.until if span else None,
        )
