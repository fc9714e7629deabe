"""What the log's lists are asked for, from and to the URL; what means nothing is left out."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l

from webhooks_ui.catalogue.error_codes import DELIVERY_STATUSES
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.database.types import now
from webhooks_ui.explanations.verdicts import ERROR_LABELS
from webhooks_ui.models import Webhook, payload_index, webhook_list, word_search
from webhooks_ui.models.delivery_list import DeliveryFilter, event_meant, searched
from webhooks_ui.models.event_list import EventFilter
from webhooks_ui.models.public_ids import DELIVERY, EVENT, WEBHOOK, is_id
from webhooks_ui.web import payloads, timezones

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
CODE_CLASSES = ("2xx", "3xx", "4xx", "5xx")
_ANSWERS = ("yes", "no")


@dataclass(frozen=True, slots=True)
class LogQuery:
    """The arguments of a list's URL; empty ones narrow nothing.

    `event` is an event type, `webhook` an id or a name, `since` and `until` are clock times as
    ``<input type=datetime-local>`` writes them, and `zone` the time zone of that clock, the
    reader's own unless the URL names one: a link means the same to everybody. `live` lets new rows
    come in by themselves. `before` is the cursor.
    """

    q: str = ""
    status: str = ""
    webhook: str = ""
    event: str = ""
    channel: str = ""
    error: str = ""
    code: str = ""
    test: str = ""
    unmatched: str = ""
    recovery: str = ""
    span: str = ""
    since: str = ""
    until: str = ""
    zone: str = ""
    live: str = ""
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
            "live": ("yes",),
            "span": SPAN_LABELS,
        }
        given = {f.name: arguments.get(f.name, "").strip()[:255] for f in fields(cls)}
        for name, values in known.items():
            if given[name] not in values:
                given[name] = ""
        if not is_code(given["code"]):
            given["code"] = ""
        for name in ("since", "until"):
            # A span says since when; the form hides the other two then.
            if given["span"] or _parsed(given[name]) is None:
                given[name] = ""
        zone = timezones.find(given["zone"]) or timezones.zone_in_use()
        given["zone"] = zone.key if given["since"] or given["until"] else ""
        before = given["before"]
        if not (before.isascii() and before.isdigit() and len(before) < 19):
            given["before"] = ""
        return cls(**given)

    @property
    def active(self) -> bool:
        """Whether anything narrows the list."""
        return self.active_beyond()

    def active_beyond(self, *settled: str) -> bool:
        """Whether anything narrows the list but these fields."""
        idle = ("before", "zone", "live", *settled)
        return any(getattr(self, f.name) for f in fields(self) if f.name not in idle)

    @property
    def one_webhook(self) -> Webhook | None:
        """The webhook whose id the URL has: the list is a page of its own then."""
        return Webhook.by_public_id(self.webhook) if is_id(self.webhook, WEBHOOK) else None

    @property
    def clock(self) -> ZoneInfo:
        """The time zone of `since` and `until`."""
        return timezones.find(self.zone) or timezones.zone_in_use()

    def on_clock(self, name: str) -> str:
        """`since` or `until` as the field shows it, which knows no offset."""
        found = _parsed(getattr(self, name))
        if found is None or found.tzinfo is None:
            return str(getattr(self, name))
        return found.astimezone(self.clock).replace(tzinfo=None).isoformat()

    @property
    def cursor(self) -> int | None:
        """The row before which the page begins."""
        return int(self.before) if self.before else None

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """The URL's arguments with some changed."""
        wanted = {f.name: getattr(self, f.name) for f in fields(self)} | changes
        return {name: str(value) for name, value in wanted.items() if value}

    def summary(self) -> list[str]:
        """What narrows the list, in the words of the URL, for the name of a file."""
        tests = {"yes": "tests", "no": "no-tests"}.get(self.test, "")
        words = (
            self.status,
            self.error,
            self.code,
            self.event,
            self.channel,
            self.webhook,
            self.recovery,
        )
        span = (self.span, self.since and f"from-{self.since}", self.until and f"to-{self.until}")
        return [word.replace(":", "") for word in (*words, tests, self.q, *span) if word]

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
            code=self.code or None,
            test=_answer(self.test),
            since=since,
            until=until,
            recovery=self.recovery or None,
        )
        if not self.q:
            return chosen
        return searched(chosen, self.q, in_payloads=payloads.may_be_searched())

    def events(self) -> EventFilter | None:
        """The events that are asked for; None when an id is nobody's."""
        since, until = self._times()
        event, words = None, None
        if self.q:
            if payloads.may_be_searched() and not any(
                is_id(self.q, one) for one in (EVENT, DELIVERY)
            ):
                words = self.q
            elif (event := event_meant(self.q)) is None:
                return None
        return EventFilter(
            type=self.event or None,
            channel=self.channel or None,
            unmatched=self.unmatched == "yes",
            test=_answer(self.test),
            since=since,
            until=until,
            event=event,
            words=words,
        )

    def _times(self) -> tuple[datetime | None, datetime | None]:
        if self.span in SPANS:
            return now() - SPANS[self.span], None
        if self.span:
            return _day(self.span)
        since, until = _parsed(self.since), _parsed(self.until)
        return (
            timezones.resolve(since, self.clock) if since and not since.tzinfo else since,
            timezones.resolve_end(until, self.clock) if until and not until.tzinfo else until,
        )


def payload_search(query: LogQuery) -> dict[str, Any]:
    """What a list says of the search in payloads: whether it is offered, and how far it knows."""
    offered = payloads.may_be_searched()
    return {
        "offered": offered,
        "most": word_search.MAX_FOUND,
        "known_to": payload_index.known_to() if offered and query.q else None,
    }


def _webhook(words: str) -> str | None:
    """The id of the webhook that is meant by an id, by a name, or by a part only it has."""
    return words if is_id(words, WEBHOOK) else webhook_list.named(words)


def is_code(text: str) -> bool:
    """Whether it is a status code of HTTP, or a class of them: ``503``, ``5xx``."""
    return text in CODE_CLASSES or (
        text.isascii() and text.isdigit() and len(text) == 3 and "2" <= text[0] <= "5"
    )


def _day(span: str) -> tuple[datetime, datetime | None]:
    """Today or yesterday, on the reader's clock."""
    zone = timezones.zone_in_use()
    midnight = datetime.combine(now().astimezone(zone).date(), time())
    began = timezones.resolve(midnight, zone)
    if span == "today":
        return began, None
    return timezones.resolve(midnight - timedelta(days=1), zone), began


def _answer(text: str) -> bool | None:
    return {"yes": True, "no": False}.get(text)


def _parsed(text: str) -> datetime | None:
    """A time as ``datetime-local`` writes it, or one with an offset; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 < found.year < 9000 else None
