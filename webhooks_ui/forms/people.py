"""The forms for people: an invitation, a role, and the account that a one-time link opens."""

from typing import Self

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, RadioField, SelectChoice, StringField
from wtforms.validators import AnyOf

from webhooks_ui.accounts import people
from webhooks_ui.accounts import sign_in as signin
from webhooks_ui.forms.base import Form, RefusableForm
from webhooks_ui.models import AccountLink
from webhooks_ui.models.user import ROLES


class RoleForm(Form):
    """What a person may do; one who is invited chooses login and password."""

    role = RadioField(
        _l("Role"),
        choices=[SelectChoice(role, role) for role in ROLES],
        default="editor",
        validators=[AnyOf(ROLES, _l("Choose a role."))],
        validate_choice=False,
    )

    def check(self) -> bool:
        return self.is_sent() and not self.errors


class LinkForm(RefusableForm):
    """Login and password of a new user, or a user's new password; refused is the sign-in then."""

    login = StringField(_l("Login"))
    password = PasswordField(_l("Password"))
    is_gone = False

    @classmethod
    def of(cls, link: AccountLink) -> Self:
        """The form of this link; the login of a user who exists stays."""
        form = cls()
        if link.user:
            form.login.data = link.user.login
        return form

    def save(self, text: str) -> bool:
        """Uses the link and signs in, if there is no `refusal`; or says at the fields why not."""
        if not self.is_sent():
            return False
        login, password = self.login.data or "", self.password.data or ""
        found = people.use_link(text, login, password)
        self.is_gone = found is None
        if not self.accepts(found or {}) or self.is_gone:
            return False
        self.refusal = signin.sign_in(login, password)
        return True
