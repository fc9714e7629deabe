"""The form that all forms of the pages are."""

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField
from wtforms.widgets import Select

from webhooks_ui.accounts.sign_in import Refusal
from webhooks_ui.web.kept_form import PASSWORDS, is_unsent
from webhooks_ui.web.user_text import option


class Form(FlaskForm):
    """A form that reads what browsers post, and nothing else.

    Flask-WTF takes a JSON body too: it need not be an object, and no bound of forms holds for it.
    """

    class Meta(FlaskForm.Meta):
        """Where the fields come from."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """The posted fields; None for a body of another kind."""
            return None if request.is_json else super().wrap_formdata(form, formdata)

    def is_sent(self) -> bool:
        """Checks the fields; False where the form is only shown again, which keeps no password."""
        if not is_unsent():
            self.validate()
            return True
        for field in self:
            if isinstance(field, PasswordField) and field.name in PASSWORDS:
                field.errors = [_l("Enter it again: passwords are not kept.")]
        return False

    def accepts(self, problems: Mapping[str, str | LazyString]) -> bool:
        """Says at the fields what is wrong; whether nothing is."""
        for name, problem in problems.items():
            self[name].errors = [problem]
        return not self.errors


class RefusableForm(Form):
    """A form whose password or code may be refused. What belongs to no field is the `refusal`."""

    refusal: Refusal | None = None

    @property
    def retry_after(self) -> int:
        """Seconds until it may be sent again; 0 where nobody has to wait."""
        return self.refusal.retry_after if self.refusal else 0

    def is_granted(
        self,
        refusal: Refusal | None,
        field: Field | None = None,
        message: LazyString | None = None,
    ) -> bool:
        """Whether nothing is refused; else says so at the field, unless one has to wait."""
        if refusal and field and not refusal.wait:
            field.errors = [message or refusal.message]
        else:
            self.refusal = refusal
        return refusal is None


def trimmed(text: str | None) -> str:
    """A filter of fields: the text without white space around it."""
    return (text or "").strip()


def plain_lines(text: str | None) -> str:
    """A filter of fields: the text with its line ends as they are kept; browsers send CRLF."""
    return (text or "").replace("\r\n", "\n")


class SelectOfMany(Select):
    """A select of hundreds of choices, each written once for all pages."""

    @classmethod
    def render_option(cls, choice: Any, **_attributes: Any) -> str:
        return option(choice.value, str(choice.label), bool(choice.selected))
