"""Set-up, sign-in, a forgotten password, and one's own password, e-mail address and time zone."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import PasswordField, SelectField, StringField

from webhooks_ui.accounts import forgotten, passwords
from webhooks_ui.accounts import sign_in as signin
from webhooks_ui.database.engine import transaction
from webhooks_ui.forms.base import Form, RefusableForm, SelectOfMany
from webhooks_ui.settings import addresses
from webhooks_ui.settings.parsers import optional
from webhooks_ui.web import timezones
from webhooks_ui.web.i18n import language

MAX_EMAIL_CHARACTERS = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets
NOT_CURRENT = _l("This is not your current password.")


class SetUpForm(Form):
    """The first administrator."""

    login = StringField(_l("Login"))
    password = PasswordField(_l("Password"))

    def save(self) -> bool:
        """Makes the administrator and signs in; or says at the fields why not."""
        if not self.is_sent():
            return False
        return self.accepts(signin.set_up(self.login.data or "", self.password.data or ""))


class SignInForm(RefusableForm):
    """Login and password. Why they let nobody in is the `refusal`, which belongs to no field."""

    login = StringField(_l("Login"))
    password = PasswordField(_l("Password"))

    def sign_in(self) -> bool:
        """Whether this browser is signed in now."""
        if not self.is_sent():
            return False
        login, password = self.login.data or "", self.password.data or ""
        if not login.strip():
            self.login.errors = [_l("Enter your login.")]
        if not password:
            self.password.errors = [_l("Enter your password.")]
        return not self.errors and self.is_granted(signin.sign_in(login, password))


class ForgottenForm(RefusableForm):
    """Whose password is forgotten. Whether there is such a user is told to nobody."""

    login = StringField(_l("Login"))

    def ask(self) -> bool:
        """Whether a link is on its way, if there is somebody to get it."""
        if not self.is_sent():
            return False
        if not (self.login.data or "").strip():
            self.login.errors = [_l("Enter your login.")]
        return not self.errors and self.is_granted(forgotten.ask(self.login.data or ""))


class EmailForm(RefusableForm):
    """Where a link for a new password is sent; empty for nowhere."""

    email = StringField(_l("E-mail address"))
    passphrase = PasswordField(_l("Current password"))

    def save(self) -> bool:
        """Keeps the address; or says at the fields, or as the `refusal` to wait, why not."""
        if not self.is_sent():
            return False
        email = self._checked((self.email.data or "").strip())
        if not self.passphrase.data:
            self.passphrase.errors = [_l("Enter your current password.")]
        if self.errors:
            return False
        refusal = signin.set_email(self.passphrase.data or "", email)
        return self.is_granted(refusal, self.passphrase, NOT_CURRENT)

    def _checked(self, text: str) -> str | None:
        try:
            if len(text) > MAX_EMAIL_CHARACTERS:
                raise ValueError(text)
            return optional(addresses.mail_address)(text)
        except ValueError:
            self.email.errors = [_l("Enter an e-mail address, such as olena@acme.example.")]
            return None


class PasswordForm(RefusableForm):
    """The change of the signed-in user's password, which the current one allows."""

    current_password = PasswordField(_l("Current password"))
    password = PasswordField(_l("New password"))

    def save(self) -> bool:
        """Changes the password; or says at the fields, or as the `refusal` to wait, why not."""
        if not self.is_sent():
            return False
        current, new = self.current_password.data or "", self.password.data or ""
        if not current:
            self.current_password.errors = [_l("Enter your current password.")]
        if problem := passwords.problem(new, current_user.login):
            self.password.errors = [problem]
        elif new == current:
            self.password.errors = [_l("This is your current password. Choose another one.")]
        if self.errors:
            return False
        refusal = signin.change_password(current, new)
        return self.is_granted(refusal, self.current_password, NOT_CURRENT)


class TimeZoneForm(Form):
    """The time zone that one reads times in; empty leaves it to the browser."""

    timezone = SelectField(_l("Time zone"), widget=SelectOfMany())

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        own = _("Same as the browser: %(zone)s", zone=timezones.label(timezones.offered()))
        self.timezone.choices = [("", own), *timezones.choices(language()).items()]

    def save(self) -> bool:
        """Stores the choice; or says at the field why not."""
        if not self.is_sent():
            return False
        if self.timezone.errors:
            self.timezone.errors = [_("Choose one of the time zones.")]
            return False
        with transaction():
            current_user.user.timezone = self.timezone.data or None
        return True
