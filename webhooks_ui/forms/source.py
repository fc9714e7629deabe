"""The one form for adding and editing a source."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, PasswordField, StringField

from webhooks_ui.forms.base import Form, trimmed
from webhooks_ui.forms.sealed_draft import open_secret, seal_secret
from webhooks_ui.models.source import SourceOptions
from webhooks_ui.models.source_changes import SourceSettings
from webhooks_ui.validation import source as source_rules


class SourceForm(Form):
    """A source as it is typed. What is wrong stands at the fields, in `errors`."""

    name = StringField(_l("Name"), filters=[trimmed])
    secret = PasswordField(_l("Secret"), filters=[trimmed])
    draft = HiddenField()  # the secret, sealed: it stands in no page
    drop_secret = BooleanField(_l("Remove it: signatures are then not checked"))
    private_notes = BooleanField(_l("Include private notes"))
    without_updates = BooleanField(_l("Take the status from conversation_status_changed"))
    substatus_key = StringField(_l("Custom attribute with the substatus"), filters=[trimmed])
    channel_prefix = StringField(_l("Prefix of channel keys"), filters=[trimmed])

    def check(self) -> bool:
        """Whether the source can be saved; what was typed as secret outlives a form with errors."""
        problems = dict(source_rules.problems(self.settings))
        if self.secret.data and "secret" not in problems:  # what is refused is never remembered
            self.draft.data = seal_secret(self.secret.data)
        return self.is_sent() and self.accepts(problems)

    @property
    def settings(self) -> SourceSettings:
        """The source as typed; fit to be saved only after `check` found nothing."""
        options = SourceOptions(
            self.private_notes.data,
            self.without_updates.data,
            self.substatus_key.data,
            self.channel_prefix.data,
        )
        secret = None if self.drop_secret.data else self.secret.data or self.remembered or None
        return SourceSettings(self.name.data, secret, options, self.drop_secret.data)

    @property
    def remembered(self) -> str:
        """The secret that was typed before."""
        return open_secret(self.draft.data or "")

    @property
    def has_more(self) -> bool:
        """Whether one of the options that fold away is used or wrong."""
        more = (self.without_updates, self.substatus_key, self.channel_prefix)
        return any(each.data or each.errors for each in more)
