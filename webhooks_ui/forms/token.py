"""The form for making an API token."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import AnyOf

from webhooks_ui.database.types import now
from webhooks_ui.forms.base import Form, trimmed
from webhooks_ui.models.token import SCOPES
from webhooks_ui.validation import name as name_rule

SCOPE_LABELS = {"events": _l("Send events"), "admin": _l("Everything")}
LIFETIMES = {"30": _l("In 30 days"), "90": _l("In 90 days"), "365": _l("In a year")}  # days
NEVER = "never"


class TokenForm(Form):
    """A token as it is typed. What is wrong stands at the fields, in `errors`."""

    name = StringField(_l("Name"), filters=[trimmed])
    scope = RadioField(
        _l("Access"),
        choices=[SelectChoice(*item) for item in SCOPE_LABELS.items()],
        default="events",
        validators=[AnyOf(SCOPES, _l("Choose what the token may do."))],
        validate_choice=False,
    )
    expires = SelectField(
        _l("Expires"),
        choices=[
            *(SelectChoice(*item) for item in LIFETIMES.items()),
            SelectChoice(NEVER, _l("Never")),
        ],
        default="365",
    )

    def check(self) -> bool:
        """Whether the token can be made."""
        if not self.is_sent():
            return False
        if problem := name_rule.problem(self.name.data):
            self.name.errors = [problem]
        return not self.errors

    @property
    def expires_at(self) -> datetime | None:
        """When the token ends; None for never."""
        return None if self.expires.data == NEVER else now() + timedelta(int(self.expires.data))
