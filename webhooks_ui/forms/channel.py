"""The one form for adding and editing a channel."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectChoice, SelectField, StringField

from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.forms.base import Form, trimmed
from webhooks_ui.models import Channel
from webhooks_ui.models.channel_changes import ChannelSettings
from webhooks_ui.validation import channel as channel_rules


class ChannelForm(Form):
    """A channel as it is typed. What is wrong stands at the fields, in `errors`."""

    name = StringField(_l("Name"), filters=[trimmed])
    key = StringField(_l("Key"), filters=[trimmed])
    kind = SelectField(
        _l("Kind"),
        choices=[SelectChoice(*item) for item in CHANNEL_KINDS.items()],
        default="other",
        validate_choice=False,
    )
    holder: Channel | None = None  # who has the key that was typed

    def check(self) -> bool:
        """Whether the channel can be saved as far as the form can know."""
        if not self.is_sent():
            return False
        return self.accepts(channel_rules.problems(*self.settings))

    def refuse_key(self, holder: Channel) -> None:
        """Says at the field that the key is another channel's."""
        self.holder = holder
        self.key.errors = [channel_rules.key_taken(holder)]

    @property
    def settings(self) -> ChannelSettings:
        """The channel as typed; fit to be saved only after `check` found nothing."""
        return ChannelSettings(self.key.data, self.name.data, self.kind.data)
