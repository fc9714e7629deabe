"""The one form for adding and editing a source."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, StringField

from webhooks_ui.forms.base import Form
from webhooks_ui.models.source import SourceOptions
from webhooks_ui.models.source_changes import SourceSettings
from webhooks_ui.validation import channel as channel_rules
from webhooks_ui.validation import name as name_rules
from webhooks_ui.web.kept_form import is_unsent

MAX_SECRET = 255  # characters
MAX_PREFIX = 40


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
        if problem := name_rules.problem(self.name.data):
            self.name.errors = [problem]
        if len(self.secret.data) > MAX_SECRET or not self.secret.data.isprintable():
            self.secret.errors = [_l("Copy the secret from Chatwoot once more.")]
        if len(self.substatus_key.data) > channel_rules.MAX_KEY_CHARACTERS:
            self.substatus_key.errors = [_l("Write the attribute's key as Chatwoot has it.")]
        prefix = self.channel_prefix.data
        if len(prefix) > MAX_PREFIX:
            problem = _l("Shorten this to %(most)s characters.", most=MAX_PREFIX)
        else:
            problem = channel_rules.key_problem(prefix) if prefix else None
        if problem:
            self.channel_prefix.errors = [problem]
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
