"""Alerts by e-mail, in the console's language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Self

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from webhooks_ui.explanations.verdicts import Verdict, verdict
from webhooks_ui.models import Alert, Delivery, Webhook
from webhooks_ui.models.backlog import Waiting
from webhooks_ui.monitoring.mail import Mailer
from webhooks_ui.web.localised import absolute, number

_FACTS = ("location", "address", "host", "timeout", "detail")  # of an attempt, for `verdict`


@dataclass(frozen=True, slots=True)
class AlertContext:
    """An alert and what it is about; `url` and the links, below `public_url`, hold no secrets."""

    alert: Alert
    webhook: Webhook
    delivery: Delivery | None
    waiting: Waiting | None
    public_url: str

    @property
    def since(self) -> datetime | None:
        """Since when it fails, or had failed."""
        since = self.alert.detail.get("since")
        return datetime.fromisoformat(since) if since else None

    @property
    def url(self) -> str:
        return self.webhook.shown_url.partition("?")[0]  # queries may hold tokens

    def link(self, noun: str, public_id: str) -> str | None:
        """The page of a webhook or a delivery, where the console's address is known."""
        return f"{self.public_url}/{noun}/{public_id}" if self.public_url else None

    def verdict(self) -> Verdict:
        """Why the webhook fails, in the current language."""
        error, facts = self.alert.detail.get("error"), {}
        attempt = self.delivery.attempt if self.delivery else None
        if attempt and attempt.error == error:  # a later one may have ended in another way
            facts = {name: getattr(attempt, name) for name in _FACTS}
        return verdict("failed", error, self.alert.detail.get("status_code"), **facts)


@dataclass(frozen=True, slots=True)
class AlertMail:
    """Sends alerts: by which mailer, to whom, in which language."""

    mailer: Mailer
    recipients: tuple[str, ...]
    language: str

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self | None:
        """As configured; None without both a server and a recipient."""
        mailer, recipients = Mailer.from_config(config), config["NOTICE_EMAIL"]
        return cls(mailer, recipients, config["LANGUAGE"]) if mailer and recipients else None

    def composed(self, alerts: Sequence[AlertContext]) -> Callable[[], None]:
        """Sends one message, composed now, when it is called; that raises `MailError`."""
        with force_locale(self.language):
            subject = _subject(alerts)
            text = "\n\n".join(_paragraph(alert) for alert in alerts) + "\n"
        return partial(self.mailer.send, self.recipients, subject, text)


def _subject(alerts: Sequence[AlertContext]) -> str:
    if len(alerts) > 1:
        return str(
            ngettext("%(num)s webhook changed state", "%(num)s webhooks changed state", len(alerts))
        )
    return _headline(alerts[0])


def _headline(context: AlertContext) -> str:
    title = context.webhook.title
    match context.alert.kind:
        case "failing":
            return str(_("Webhook failing: %(name)s", name=title))
        case "disabled":
            return str(_("Webhook disabled: %(name)s", name=title))
        case _:
            return str(_("Webhook recovered: %(name)s", name=title))


def _paragraph(context: AlertContext) -> str:
    lines = [_headline(context), context.url, *_what_happened(context)]
    if (waiting := context.waiting) and context.alert.kind != "disabled":
        count = number(waiting.count) + ("+" if waiting.is_more else "")
        waits = ngettext(
            "%(count)s delivery waits.",
            "%(count)s deliveries wait.",
            waiting.count,
            count=count,
        )
        lines.append(str(waits))
    if link := context.link("webhooks", context.webhook.public_id):
        lines.append(link)
    return "\n".join(lines)


def _what_happened(context: AlertContext) -> list[str]:
    alert, since = context.alert, context.since
    if alert.kind == "recovered":
        moment = absolute(since or alert.created_at)
        return [_("It works again. It had failed since %(moment)s.", moment=moment)]
    found, reason = context.verdict(), alert.detail.get("reason")
    lines = [f"{found.title} {found.meaning}"]
    if since:
        lines.append(_("It has failed since %(moment)s.", moment=absolute(since)))
    if reason == "gone":
        lines.append(_("It was disabled because its receiver answered 410."))
    elif reason:
        lines.append(_("It was disabled because it had failed for too long."))
    if alert.kind == "disabled":
        lines.append(_("Events are not sent to it until somebody enables it again."))
    elif found.next_step:
        lines.append(found.next_step)
    return lines
