"""Alerts by e-mail: plain text in the console's language, sent through the server of SMTP_URL."""

import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime as mail_date
from email.utils import make_msgid
from typing import TYPE_CHECKING, Any, Self

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from webhooks_ui.database.types import now
from webhooks_ui.explanations.verdicts import Verdict, verdict
from webhooks_ui.settings.addresses import MailServer
from webhooks_ui.text.loopback import is_loopback
from webhooks_ui.web.localised import absolute

if TYPE_CHECKING:
    from smtplib import SMTP

TIMEOUT = 10.0  # seconds for one message, and for one answer of the server


class MailError(Exception):
    """The server did not accept the message; the text says why, without secrets."""


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
class Mailer:
    """Sends alerts: through which server, to whom, from whom, in which language.

    The server's certificate is one of the authorities that the system trusts, or of `ca_file`.
    """

    server: MailServer
    recipients: tuple[str, ...]
    sender: str
    language: str
    ca_file: str | None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self | None:
        """As configured; None without both a server and a recipient."""
        server, recipients = config["SMTP_URL"], config["NOTICE_EMAIL"]
        if not server or not recipients:
            return None
        sender = config["NOTICE_FROM"] or recipients[0]
        return cls(server, recipients, sender, config["LANGUAGE"], config["CA_FILE"])

    def send(self, alerts: Sequence[AlertContext]) -> None:
        """Sends one message about these alerts; raises `MailError`."""
        import smtplib  # most installations send none

        with force_locale(self.language):
            message = self._compose(alerts)
        try:
            self._deliver(message)
        except smtplib.SMTPResponseException as error:
            raise MailError(f"the server answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise MailError(f"the server refuses {', '.join(error.recipients)}") from None
        except (OSError, ValueError, smtplib.SMTPException) as error:
            raise MailError(str(error) or type(error).__name__) from None

    def _compose(self, alerts: Sequence[AlertContext]) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = " ".join(_subject(alerts).split())
        message["From"], message["To"] = self.sender, ", ".join(self.recipients)
        message["Date"] = mail_date(now())
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        message.set_content("\n\n".join(_paragraph(alert) for alert in alerts) + "\n")
        return message

    def _deliver(self, message: EmailMessage) -> None:
        context, deadline = ssl.create_default_context(), time.monotonic() + TIMEOUT
        if self.ca_file:
            context.load_verify_locations(cafile=self.ca_file)
        with _connect(self.server, context) as smtp:
            if not self.server.tls:
                smtp.ehlo()
                if smtp.has_extn("starttls"):
                    smtp.starttls(context=context)
                elif self.server.login:
                    raise MailError("the server offers no STARTTLS, so no password is sent to it")
                elif not (self.server.plain or is_loopback(self.server.host)):
                    raise MailError(
                        "the server offers no STARTTLS, so nothing is sent to it; ?tls=no at the"
                        " end of WEBHOOKS_UI_SMTP_URL allows that"
                    )
            if self.server.login:
                smtp.login(self.server.login, self.server.password)
            if time.monotonic() > deadline:
                raise MailError(f"the server took more than {TIMEOUT:g} seconds")
            refused = smtp.send_message(message, self.sender, self.recipients)
        if refused:
            raise MailError(f"the server refuses {', '.join(refused)}")


def _connect(server: MailServer, context: ssl.SSLContext) -> "SMTP":
    import smtplib

    if server.tls:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)


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
