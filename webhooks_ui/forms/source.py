"""The one form for adding and editing a source."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, StringField

from webhooks_ui.forms.base import Form
from webhooks_ui.models.source import SourceOptions
from webhooks_ui.models.source_changes import SourceSettings
from webhooks_ui.validation import source as source_rules
from webhooks_ui.web.kept_form import is_unsent


def _trim(text: str | None) -> str:
    return (text or "").strip()


class SourceForm(Form):
    """A source as it is typed. What is wrong stands at the fields, in `errors`."""

    name = StringField(_l("Name"), filters=[_trim])
    secret = PasswordField(_l("Secret"), filters=[_trim])
    drop_secret = BooleanField(_l("Remove it: check no signatures"))
    private_notes = BooleanField(_l("Take private notes too"))
    without_updates = BooleanField(_l("Take the status from conversation_status_changed"))
    substatus_key = StringField(_l("Custom attribute with the substatus"), filters=[_trim])
    channel_prefix = StringField(_l("Prefix of channel keys"), filters=[_trim])

    def check(self) -> bool:
        """Whether the source can be saved."""
        if is_unsent():
            return False
        self.validate()
        for field, words in source_rules.problems(self.settings):
            self[field].errors = [words]
        return not self.errors

    @property
    def settings(self) -> SourceSettings:
        """The source as typed; fit to be saved only after `check` found nothing."""
        options = SourceOptions(
            self.private_notes.data,
            self.without_updates.data,
            self.substatus_key.data,
            self.channel_prefix.data,
        )
        secret = None if self.drop_secret.data else self.secret.data or None
        return SourceSettings(self.name.data, secret, options, self.drop_secret.data)

    @property
    def has_more(self) -> bool:
        """Whether one of the options that fold away is used or wrong."""
        more = (self.without_updates, self.substatus_key, self.channel_prefix)
        return any(each.data or each.errors for each in more)
