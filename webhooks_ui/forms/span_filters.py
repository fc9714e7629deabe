"""The span of time and the page of a list, which every list of the log is asked for by its URL."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l

from webhooks_ui.database.types import now
from webhooks_ui.models.pages import ListQuery
from webhooks_ui.text.whole_number import whole_number
from webhooks_ui.web import timezones

SPANS = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "2h": timedelta(hours=2),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
SPAN_LABELS = {
    "15m": _l("Last 15 minutes"),
    "1h": _l("Last hour"),
    "2h": _l("Last 2 hours"),
    "24h": _l("Last 24 hours"),
    "today": _l("Today"),
    "yesterday": _l("Yesterday"),
    "7d": _l("Last 7 days"),
}


@dataclass(frozen=True)
class SpanQuery(ListQuery):
    """The arguments of a list's URL; empty ones narrow nothing.

    `since` and `until` are clock times as ``<input type=datetime-local>`` writes them, and `zone`
    the time zone of that clock, the reader's own unless the URL names one: a link means the same to
    everybody. `before` is the cursor.
    """

    KNOWN: ClassVar = {"span": SPAN_LABELS}
    IDLE: ClassVar = ("before", "zone", "live")

    span: str = ""
    since: str = ""
    until: str = ""
    zone: str = ""
    before: str = ""

    @classmethod
    def _given(cls, arguments: Mapping[str, str]) -> dict[str, Any]:
        given = super()._given(arguments)
        for name in ("since", "until"):
            # A span says since when; the form hides the other two then.
            if given["span"] or timezones.clock_time(given[name]) is None:
                given[name] = ""
        zone = timezones.find(given["zone"]) or timezones.zone_in_use()
        given["zone"] = zone.key if given["since"] or given["until"] else ""
        if whole_number(given["before"]) is None:
            given["before"] = ""
        return given

    @property
    def clock(self) -> ZoneInfo:
        """The time zone of `since` and `until`."""
        return timezones.find(self.zone) or timezones.zone_in_use()

    def on_clock(self, name: str) -> str:
        """`since` or `until` as the field shows it, which knows no offset."""
        found = timezones.clock_time(getattr(self, name))
        if found is None or found.tzinfo is None:
            return str(getattr(self, name))
        return found.astimezone(self.clock).replace(tzinfo=None).isoformat()

    @property
    def cursor(self) -> int | None:
        """The row before which the page begins."""
        return whole_number(self.before)

    @classmethod
    @cache
    def _defaults(cls) -> dict[str, Any]:
        """The span of time stands last in the URL."""
        every = super()._defaults()
        last = {field.name: every[field.name] for field in fields(SpanQuery)}
        return {name: value for name, value in every.items() if name not in last} | last

    def times(self) -> tuple[datetime | None, datetime | None]:
        """When the span begins and ends; None where it is open."""
        if self.span in SPANS:
            return now() - SPANS[self.span], None
        if self.span:
            return _day(self.span)
        since, until = timezones.clock_time(self.since), timezones.clock_time(self.until)
        return (
            timezones.resolve(since, self.clock) if since and not since.tzinfo else since,
            timezones.resolve_end(until, self.clock) if until and not until.tzinfo else until,
        )


def _day(span: str) -> tuple[datetime, datetime | None]:
    """Today or yesterday, on the reader's clock."""
    zone, midnight = timezones.zone_in_use(), datetime.combine(timezones.today(), time())
    began = timezones.resolve(midnight, zone)
    if span == "today":
        return began, None
    return timezones.resolve(midnight - timedelta(days=1), zone), began
