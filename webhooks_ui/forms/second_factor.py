"""The second factor: its code at sign-in, switching it on by one, and off."""

from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import HiddenField, PasswordField, StringField

from webhooks_ui.accounts import second_factor
from webhooks_ui.accounts import sign_in as signin
from webhooks_ui.crypto.vault import VaultError, current_vault
from webhooks_ui.forms.account import NOT_CURRENT
from webhooks_ui.forms.base import RefusableForm
from webhooks_ui.models import User


class CodeForm(RefusableForm):
    """A code of the app, or a recovery code."""

    code = StringField(_l("Code"))
    sealed = HiddenField()  # the secret that is being set up, encrypted

    def sign_in(self) -> bool:
        """Whether this browser is signed in now."""
        return self._is_given() and self.is_granted(signin.enter_code(self.code.data), self.code)

    def offer(self, user: User) -> str:
        """The secret to set up: that of the page before, else a new one."""
        try:
            return current_vault().decrypt(self.sealed.data or "", f"totp:{user.id}")
        except VaultError:
            secret = second_factor.new_secret()
            self.sealed.data = current_vault().encrypt(secret, f"totp:{user.id}")
            return secret

    def enable(self, user: User) -> list[str] | None:
        """Switches it on; returns the recovery codes, or says at the field why not."""
        if not self._is_given():
            return None
        codes = second_factor.enable(user.id, self.offer(user), self.code.data)
        if codes is None:
            self.code.errors = [signin.WRONG_CODE]
        return codes

    def _is_given(self) -> bool:
        if not self.is_sent():
            return False
        if not (self.code.data or "").strip():
            self.code.errors = [_l("Enter the code.")]
        return not self.errors


class SwitchOffForm(RefusableForm):
    """The password, which switches the second factor off; who has none enters a code."""

    passphrase = PasswordField(_l("Current password"))
    code = StringField(_l("Code"))

    def save(self) -> bool:
        """Switches it off; or says at the field, or as the `refusal` to wait, why not."""
        if not self.is_sent():
            return False
        by_password = current_user.user.has_password
        asked = self.passphrase if by_password else self.code
        if not asked.data:
            missing = _l("Enter your current password.") if by_password else _l("Enter the code.")
            asked.errors = [missing]
            return False
        refusal = signin.switch_second_factor_off(asked.data)
        return self.is_granted(refusal, asked, NOT_CURRENT if by_password else None)
