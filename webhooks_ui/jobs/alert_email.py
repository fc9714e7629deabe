"""Notices by e-mail: plain text in the console's language, handed to the server of SMTP_URL."""

import smtplib
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime as mail_date
from email.utils import make_msgid
from typing import Any, Self

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from webhooks_ui.database.types import now
from webhooks_ui.explanations.verdicts import verdict
from webhooks_ui.settings.addresses import MailServer
from webhooks_ui.web.i18n import absolute

TIMEOUT = 10.0  # seconds for one message, and for one answer of the server


class MailError(Exception):
    """The server did not take the message; the text says why, without secrets."""


@dataclass(frozen=True, slots=True)
class AlertContext:
    """A notice with what is told of its webhook; `url` and `link` have no secrets.

    `facts` are those of the attempt that gave cause, as `explain.verdict` takes them.
    Plain values, so that no transaction is open while the mail server is waited for.
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
    waiting: int


@dataclass(frozen=True, slots=True)
class Mail:
    """Who is written to, by whom, through which server, in which language."""

    server: MailServer
    recipients: tuple[str, ...]
    sender: str
    language: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self | None:
        """As the settings have it; None when they do not have both a server and a recipient."""
        server, recipients = config["SMTP_URL"], config["NOTICE_EMAIL"]
        if not server or not recipients:
            return None
        return cls(server, recipients, config["NOTICE_FROM"] or recipients[0], config["LANGUAGE"])

    def send(self, told: Sequence[AlertContext]) -> None:
        """Sends one message about these notices; raises `MailError`."""
        with force_locale(self.language):
            message = self._compose(told)
        try:
            self._hand_in(message)
        except smtplib.SMTPResponseException as error:
            raise MailError(f"the server answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise MailError(f"the server refuses {', '.join(error.recipients)}") from None
        except (OSError, ValueError, smtplib.SMTPException) as error:
            raise MailError(str(error) or type(error).__name__) from None

    def _compose(self, told: Sequence[AlertContext]) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = " ".join(_subject(told).split())
        message["From"], message["To"] = self.sender, ", ".join(self.recipients)
        message["Date"] = mail_date(now())
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        message.set_content("\n\n".join(_paragraph(one) for one in told) + "\n")
        return message

    def _hand_in(self, message: EmailMessage) -> None:
        context, until = ssl.create_default_context(), time.monotonic() + TIMEOUT
        with _connect(self.server, context) as smtp:
            if not self.server.tls:
                smtp.ehlo()
                if smtp.has_extn("starttls"):
                    smtp.starttls(context=context)
                elif self.server.login:
                    raise MailError("the server offers no STARTTLS, so no password is sent to it")
            if self.server.login:
                smtp.login(self.server.login, self.server.password)
            if time.monotonic() > until:
                raise MailError(f"the server took more than {TIMEOUT:g} seconds")
            refused = smtp.send_message(message, self.sender, self.recipients)
        if refused:
            raise MailError(f"the server refuses {', '.join(refused)}")


def _connect(server: MailServer, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.tls:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)


def _subject(told: Sequence[AlertContext]) -> str:
    if len(told) > 1:
        return str(ngettext("News of %(num)s webhook", "News of %(num)s webhooks", len(told)))
    return _headline(told[0])


def _headline(told: AlertContext) -> str:
    name = told.title
    match told.kind:
        case "failing":
            return str(_("Webhook failing: %(name)s", name=name))
        case "disabled":
            return str(_("Webhook disabled: %(name)s", name=name))
        case _:
            return str(_("Webhook recovered: %(name)s", name=name))


def _paragraph(told: AlertContext) -> str:
    lines = [_headline(told), told.url, *_what_happened(told)]
    if told.waiting and told.kind != "disabled":
        waits = ngettext("%(num)s delivery waits.", "%(num)s deliveries wait.", told.waiting)
        lines.append(str(waits))
    if told.link:
        lines.append(told.link)
    return "\n".join(lines)


def _what_happened(told: AlertContext) -> list[str]:
    if told.kind == "recovered":
        since = absolute(told.since or told.happened_at)
        return [_("It works again. It had failed since %(moment)s.", moment=since)]
    found = verdict("failed", told.error, told.status_code, **told.facts)
    lines = [f"{found.title} {found.meaning}"]
    if told.since:
        lines.append(_("It has failed since %(moment)s.", moment=absolute(told.since)))
    if told.reason == "gone":
        lines.append(_("It was disabled because its receiver answered 410."))
    elif told.reason:
        lines.append(_("It was disabled because it had failed for too long."))
    if told.kind == "disabled":
        lines.append(_("Events are not sent to it until somebody enables it again."))
    elif found.next_step:
        lines.append(found.next_step)
    return lines
