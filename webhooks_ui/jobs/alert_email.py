"""Alerts by e-mail, in the console's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from webhooks_ui.explanations.verdicts import Verdict, verdict
from webhooks_ui.monitoring.mail import Mailer
from webhooks_ui.web.localised import absolute


@dataclass(frozen=True, slots=True)
class AlertContext:
    """What an alert says about its webhook; `url` and the links hold no secrets.

    `facts` are the attempt's, as `verdicts.verdict` takes them. All are plain values: no
    transaction is open while the mail server is waited for.
    """

    id: int
    kind: str
    webhook_id: str
    name: str
    title: str
    is_deleted: bool
    url: str
    link: str | None
    happened_at: datetime
    since: datetime | None
    error: str | None
    status_code: int | None
    facts: dict[str, Any]
    reason: str | None
    delivery_id: str | None
    delivery_link: str | None
    waiting: int

    def verdict(self) -> Verdict:
        """Why the webhook fails, in the current language."""
        return verdict("failed", self.error, self.status_code, **self.facts)


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

    def send(self, alerts: Sequence[AlertContext]) -> None:
        """Sends one message about these alerts; raises `MailError`."""
        with force_locale(self.language):
            subject = _subject(alerts)
            text = "\n\n".join(_paragraph(alert) for alert in alerts) + "\n"
        self.mailer.send(self.recipients, subject, text)


def _subject(alerts: Sequence[AlertContext]) -> str:
    if len(alerts) > 1:
        return str(ngettext("News of %(num)s webhook", "News of %(num)s webhooks", len(alerts)))
    return _headline(alerts[0])


def _headline(alert: AlertContext) -> str:
    match alert.kind:
        case "failing":
            return str(_("Webhook failing: %(name)s", name=alert.title))
        case "disabled":
            return str(_("Webhook disabled: %(name)s", name=alert.title))
        case _:
            return str(_("Webhook recovered: %(name)s", name=alert.title))


def _paragraph(alert: AlertContext) -> str:
    lines = [_headline(alert), alert.url, *_what_happened(alert)]
    if alert.waiting and alert.kind != "disabled":
        waits = ngettext("%(num)s delivery waits.", "%(num)s deliveries wait.", alert.waiting)
        lines.append(str(waits))
    if alert.link:
        lines.append(alert.link)
    return "\n".join(lines)


def _what_happened(alert: AlertContext) -> list[str]:
    if alert.kind == "recovered":
        since = absolute(alert.since or alert.happened_at)
        return [_("It works again. It had failed since %(moment)s.", moment=since)]
    found = alert.verdict()
    lines = [f"{found.title} {found.meaning}"]
    if alert.since:
        lines.append(_("It has failed since %(moment)s.", moment=absolute(alert.since)))
    if alert.reason == "gone":
        lines.append(_("It was disabled because its receiver answered 410."))
    elif alert.reason:
        lines.append(_("It was disabled because it had failed for too long."))
    if alert.kind == "disabled":
        lines.append(_("Events are not sent to it until somebody enables it again."))
    elif found.next_step:
        lines.append(found.next_step)
    return lines
