"""What the log's lists are asked for, from and to the URL; what means nothing is left out."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from flask_babel import get_timezone
from flask_babel import lazy_gettext as _l

from webhooks_ui.catalogue.error_codes import DELIVERY_STATUSES
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.database.types import now
from webhooks_ui.explanations.verdicts import ERROR_LABELS
from webhooks_ui.models import webhook_list
from webhooks_ui.models.delivery_list import DeliveryFilter, event_meant, searched
from webhooks_ui.models.event_list import EventFilter
from webhooks_ui.models.public_ids import WEBHOOK, is_id

SPANS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
SPAN_LABELS = {"1h": _l("Last hour"), "24h": _l("Last 24 hours"), "7d": _l("Last 7 days")}
_ANSWERS = ("yes", "no")


@dataclass(frozen=True, slots=True)
class LogQuery:
    """The arguments of a list's URL; empty ones narrow nothing.

    `event` is an event type, `webhook` an id or a name, `since` and `until` are moments as
    ``<input type=datetime-local>`` writes them, in the reader's time zone. `before` is the cursor.
    """

    q: str = ""
    status: str = ""
    webhook: str = ""
    event: str = ""
    channel: str = ""
    error: str = ""
    test: str = ""
    unmatched: str = ""
    recovery: str = ""
    span: str = ""
    since: str = ""
    until: str = ""
    before: str = ""

    @classmethod
    def parse(cls, arguments: Mapping[str, str]) -> Self:
        """From the arguments of a URL."""
        known: dict[str, Any] = {
            "status": DELIVERY_STATUSES,
            "event": ALL_TYPES,
            "error": ERROR_LABELS,
            "test": _ANSWERS,
            "unmatched": _ANSWERS,
            "span": SPANS,
        }
        given = {f.name: arguments.get(f.name, "").strip()[:255] for f in fields(cls)}
        for name, values in known.items():
            if given[name] not in values:
                given[name] = ""
        for name in ("since", "until"):
            if _moment(given[name]) is None:
                given[name] = ""
        if given["span"]:  # it says since when; the form hides the other two then
            given["since"] = given["until"] = ""
        before = given["before"]
        if not (before.isascii() and before.isdigit() and len(before) < 19):
            given["before"] = ""
        return cls(**given)

    @property
    def active(self) -> bool:
        """Whether anything narrows the list."""
        return any(getattr(self, f.name) for f in fields(self) if f.name != "before")

    @property
    def cursor(self) -> int | None:
        """The row before which the page begins."""
        return int(self.before) if self.before else None

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """The URL's arguments with some changed."""
        wanted = {f.name: getattr(self, f.name) for f in fields(self)} | changes
        return {name: str(value) for name, value in wanted.items() if value}

    def deliveries(self) -> DeliveryFilter | None:
        """The deliveries that are asked for; None when an id or a name is nobody's."""
        webhook = _webhook(self.webhook) if self.webhook else None
        if self.webhook and webhook is None:
            return None
        since, until = self._times()
        chosen = DeliveryFilter(
            status=self.status or None,
            webhook=webhook,
            type=self.event or None,
            channel=self.channel or None,
            error=self.error or None,
            test=_answer(self.test),
            since=since,
            until=until,
            recovery=self.recovery or None,
        )
        return searched(chosen, self.q) if self.q else chosen

    def events(self) -> EventFilter | None:
        """The events that are asked for; None when an id is nobody's."""
        since, until = self._times()
        event = None
        if self.q:
            event = event_meant(self.q)
            if event is None:
                return None
        return EventFilter(
            type=self.event or None,
            channel=self.channel or None,
            unmatched=self.unmatched == "yes",
            test=_answer(self.test),
            since=since,
            until=until,
            event=event,
        )

    def _times(self) -> tuple[datetime | None, datetime | None]:
        if self.span:
            return now() - SPANS[self.span], None
        return _moment(self.since), _moment(self.until)


def _webhook(words: str) -> str | None:
    """The id of the webhook that is meant by an id, by a name, or by a part only it has."""
    return words if is_id(words, WEBHOOK) else webhook_list.named(words)


def _answer(text: str) -> bool | None:
    return {"yes": True, "no": False}.get(text)


def _moment(text: str) -> datetime | None:
    """A moment as ``datetime-local`` writes it; one with a zone of its own is taken as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        zone = get_timezone()
        moment = moment.replace(tzinfo=ZoneInfo(str(zone)) if zone else None)
    return moment if 1970 < moment.year < 9000 else None
