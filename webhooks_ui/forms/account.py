"""Set-up, sign-in, the change of one's password and the choice of one's time zone."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import Field, PasswordField, SelectField, StringField

from webhooks_ui.accounts import passwords
from webhooks_ui.accounts import sign_in as signin
from webhooks_ui.database.engine import transaction
from webhooks_ui.forms.base import Form
from webhooks_ui.web import timezones
from webhooks_ui.web.i18n import language
from webhooks_ui.web.kept_form import is_unsent


class SetUpForm(Form):
    """The first administrator."""

    login = StringField(_l("Login"))
    password = PasswordField(_l("Password"))

    def save(self) -> bool:
        """Makes the administrator and signs in; or says at the fields why not."""
        if is_unsent():
            return _type_again(self.password)
        self.validate()
        found = signin.set_up(self.login.data or "", self.password.data or "")
        for name, problem in found.items():
            self[name].errors = [problem]
        return not self.errors


class SignInForm(Form):
    """Login and password. Why they let nobody in is the `refusal`, which belongs to no field."""

    login = StringField(_l("Login"))
    password = PasswordField(_l("Password"))
    refusal: signin.Refusal | None = None

    def sign_in(self) -> bool:
        """Whether this browser is signed in now."""
        if is_unsent():
            return _type_again(self.password)
        self.validate()
        login, password = self.login.data or "", self.password.data or ""
        if not login.strip():
            self.login.errors = [_l("Enter your login.")]
        if not password:
            self.password.errors = [_l("Enter your password.")]
        if self.errors:
            return False
        self.refusal = signin.sign_in(login, password)
        return self.refusal is None


class PasswordForm(Form):
    """The change of the signed-in user's password, which the current one allows."""

    current_password = PasswordField(_l("Current password"))
    password = PasswordField(_l("New password"))
    refusal: signin.Refusal | None = None

    def save(self) -> bool:
        """Changes the password; or says at the fields, or as the `refusal` to wait, why not."""
        if is_unsent():
            return _type_again(self.current_password, self.password)
        self.validate()
        current, new = self.current_password.data or "", self.password.data or ""
        if not current:
            self.current_password.errors = [_l("Enter your current password.")]
        if problem := passwords.problem(new, current_user.login):
            self.password.errors = [problem]
        elif new == current:
            self.password.errors = [_l("This is the password you have. Choose another one.")]
        if not self.errors:
            self._change(current, new)
        return not self.errors and self.refusal is None

    def _change(self, current: str, new: str) -> None:
        refusal = signin.change_password(current, new)
        if refusal and refusal.wait:
            self.refusal = refusal
        elif refusal:
            self.current_password.errors = [_l("This is not your current password.")]


class TimeZoneForm(Form):
    """The time zone that one reads times in; empty leaves it to the browser."""

    timezone = SelectField(_l("Time zone"))

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        own = _("As the browser says: %(zone)s", zone=timezones.label(timezones.offered()))
        self.timezone.choices = [("", own), *timezones.choices(language()).items()]

    def save(self) -> bool:
        """Stores the choice; or says at the field why not."""
        if is_unsent():
            return False
        if not self.validate():
            self.timezone.errors = [_("Choose one of the time zones.")]
            return False
        with transaction():
            current_user.user.timezone = self.timezone.data or None
        return True


def _type_again(*fields: Field) -> bool:
    """Says at the fields that passwords are never kept; returns that nothing was sent."""
    for field in fields:
        field.errors = [_l("Enter it again: passwords are not kept.")]
    return False
