"""E-mail: plain text, sent through the server of SMTP_URL."""

import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime as mail_date
from email.utils import make_msgid
from typing import TYPE_CHECKING, Any, Self

from webhooks_ui.database.types import now
from webhooks_ui.settings.addresses import MailServer
from webhooks_ui.text.url_parts import is_loopback

if TYPE_CHECKING:
    from smtplib import SMTP

TIMEOUT = 10.0  # seconds for one message, and for one answer of the server


class MailError(Exception):
    """The server did not accept the message; the text says why, without secrets."""


@dataclass(frozen=True, slots=True)
class Mailer:
    """Sends messages: through which server, from whom.

    The server's certificate is one of the authorities that the system trusts, or of `ca_file`.
    """

    server: MailServer
    sender: str
    ca_file: str | None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self | None:
        """As configured; None without a server or a sender."""
        sender = config["NOTICE_FROM"] or next(iter(config["NOTICE_EMAIL"]), None)
        if not config["SMTP_URL"] or not sender:
            return None
        return cls(config["SMTP_URL"], sender, config["CA_FILE"])

    def send(self, recipients: Sequence[str], subject: str, text: str) -> None:
        """Sends one message; raises `MailError`."""
        import smtplib  # most installations send none

        message = EmailMessage()
        message["Subject"] = " ".join(subject.split())
        message["From"], message["To"] = self.sender, ", ".join(recipients)
        message["Date"] = mail_date(now())
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        message.set_content(text)
        try:
            self._deliver(message, recipients)
        except smtplib.SMTPResponseException as error:
            raise MailError(f"the server answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise MailError(f"the server refuses {', '.join(error.recipients)}") from None
        except (OSError, ValueError, smtplib.SMTPException) as error:
            raise MailError(str(error) or type(error).__name__) from None

    def _deliver(self, message: EmailMessage, recipients: Sequence[str]) -> None:
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
            refused = smtp.send_message(message, self.sender, list(recipients))
        if refused:
            raise MailError(f"the server refuses {', '.join(refused)}")


def _connect(server: MailServer, context: ssl.SSLContext) -> "SMTP":
    import smtplib

    if server.tls:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
