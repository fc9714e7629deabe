"""What the log's lists are asked for, from and to the URL; what means nothing is left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from webhooks_ui.catalogue.error_codes import DELIVERY_STATUSES
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.explanations.verdicts import ERROR_LABELS
from webhooks_ui.forms.span_filters import SpanQuery
from webhooks_ui.models import Webhook, payload_index, webhook_list, word_search
from webhooks_ui.models.delivery_list import DeliveryFilter
from webhooks_ui.models.event_list import EventFilter
from webhooks_ui.models.public_ids import WEBHOOK, is_id
from webhooks_ui.web import payloads

CODE_CLASSES = ("2xx", "3xx", "4xx", "5xx")
_ANSWERS = ("yes", "no")
Chosen = TypeVar("Chosen", DeliveryFilter, EventFilter)


@dataclass(frozen=True)
class LogQuery(SpanQuery):
    """The arguments of a list's URL; empty ones narrow nothing.

    `event` is an event type, `webhook` an id or a name. `live` lets new rows come in by themselves.
    """

    KNOWN: ClassVar = {
        "status": DELIVERY_STATUSES,
        "event": ALL_TYPES,
        "error": ERROR_LABELS,
        "test": _ANSWERS,
        "unmatched": _ANSWERS,
        "live": ("yes",),
        **SpanQuery.KNOWN,
    }

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
    live: str = ""

    @classmethod
    def _given(cls, arguments: Mapping[str, str]) -> dict[str, Any]:
        given = super()._given(arguments)
        return given if is_code(given["code"]) else given | {"code": ""}

    @property
    def one_webhook(self) -> Webhook | None:
        """The webhook whose id the URL has: the list is a page of its own then."""
        return Webhook.by_public_id(self.webhook) if is_id(self.webhook, WEBHOOK) else None

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
        since, until = self.times()
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
        return self._searched(chosen)

    def events(self) -> EventFilter | None:
        """The events that are asked for; None when an id is nobody's."""
        since, until = self.times()
        chosen = EventFilter(
            type=self.event or None,
            channel=self.channel or None,
            unmatched=self.unmatched == "yes",
            test=_answer(self.test),
            since=since,
            until=until,
        )
        return self._searched(chosen)

    def _searched(self, chosen: Chosen) -> Chosen | None:
        if not self.q:
            return chosen
        return chosen.searched(self.q, in_payloads=payloads.may_be_searched())


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


def _answer(text: str) -> bool | None:
    return {"yes": True, "no": False}.get(text)
