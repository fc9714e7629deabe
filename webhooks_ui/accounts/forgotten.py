"""A link for a new password by e-mail, for whoever asks with a login.

What is answered, and how soon, is the same whether there is such a user or not: the user is looked
for and the message is sent after the answer, by a thread of its own.
"""

import logging
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import BoundedSemaphore

from flask import Flask, current_app, request
from flask_babel import force_locale, lazy_ngettext
from flask_babel import gettext as _

from webhooks_ui import audit
from webhooks_ui.accounts import security_log, throttle
from webhooks_ui.accounts.sign_in import Refusal
from webhooks_ui.audit import actor
from webhooks_ui.database.engine import transaction
from webhooks_ui.models import AccountLink, User
from webhooks_ui.monitoring.mail import Mailer, MailError
from webhooks_ui.settings import addresses
from webhooks_ui.web.i18n import language

MAX_WAITING = 20  # messages; beyond that a request is dropped, with a line in the log
_NAME = "account_mail"
log = logging.getLogger(__name__)


class Postman:
    """Sends the links of one process, one after the other."""

    def __init__(self, app: Flask) -> None:
        self._app, self._places = app, BoundedSemaphore(MAX_WAITING)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="mail")

    def take(self, login: str, speaks: str, address: str | None) -> None:
        """Has a link sent to the user of this login, if there is one who can get it."""
        if not self._places.acquire(blocking=False):
            log.warning("Too many links for new passwords are asked for; one is not sent")
            return
        self._pool.submit(self._send, login, speaks, address).add_done_callback(
            lambda _done: self._places.release()
        )

    def close(self) -> None:
        """Waits for the message that is being sent; those that wait are not."""
        self._pool.shutdown(cancel_futures=True)

    def _send(self, login: str, speaks: str, address: str | None) -> None:
        try:
            with self._app.app_context(), force_locale(speaks):
                send_link(login, address)
        except MailError as error:
            log.warning("A link for a new password could not be e-mailed: %s", error)
        except Exception:
            log.exception("A link for a new password could not be made")


def init_app(app: Flask) -> None:
    """Makes the postman of this process, whose thread starts with the first message."""
    app.extensions[_NAME] = Postman(app)


def is_offered() -> bool:
    """Whether links can be e-mailed.

    They need PUBLIC_URL: who asks names the host of the request, and must not choose where the
    link leads.
    """
    return bool(current_app.config["PUBLIC_URL"] and Mailer.from_config(current_app.config))


def ask(login: str) -> Refusal | None:
    """Has a link sent to the user of this login, if there is one; or returns the refusal."""
    if wait := throttle.check_link(login, request.remote_addr):
        security_log.refused("too many links for new passwords asked for", None)
        text = lazy_ngettext(
            "Too many requests. Wait %(num)d minute, then try again.",
            "Too many requests. Wait %(num)d minutes, then try again.",
            math.ceil(wait / timedelta(minutes=1)),
        )
        return Refusal(text, wait)
    audit.record_once("user.link_asked_for", "user", "-", within=throttle.WINDOW)
    postman: Postman = current_app.extensions[_NAME]
    postman.take(login, language(), actor.address())
    return None


def send_link(login: str, address: str | None) -> None:
    """Makes the link and sends it in the current language; raises `MailError`."""
    mailer = Mailer.from_config(current_app.config)
    with transaction():
        user = User.by_login(login)
        recipient = _recipient(user) if user else None
        if mailer is None or user is None or recipient is None:
            return
        link = AccountLink.issue_by_mail(user)
        user_id, known = user.id, user.login
    lines = (
        _("Someone asked to reset the password of your account %(login)s.", login=known),
        _("To set a new one, open this link within an hour. It works once:"),
        f"{current_app.config['PUBLIC_URL']}/invitation?token={link}",
        _("If it wasn't you, ignore this message: your password stays the same."),
    )
    mailer.send([recipient], _("Reset your webhook console password"), "\n\n".join(lines) + "\n")
    facts = {"address": address}
    with transaction():
        audit.record("user.link_mailed", "user", user_id, known, details=facts, actor=actor.NOBODY)


def _recipient(user: User) -> str | None:
    """The user's address, which may be the login; None for those who sign in at a provider."""
    if user.oidc_subject:
        return None
    try:
        return user.email or addresses.mail_address(user.login)
    except ValueError:
        return None
