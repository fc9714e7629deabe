"""The one form for creating and editing a webhook, and for testing it before it is saved."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
)

from webhooks_ui.authorization.kinds import (
    Authorization,
    Basic,
    Bearer,
    Custom,
    NoAuthorization,
    tidy,
)
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.egress.guard import Blocked, DnsFailure, Guard
from webhooks_ui.forms.sealed_draft import Draft
from webhooks_ui.models import Channel, Webhook
from webhooks_ui.models.webhook import WebhookSettings
from webhooks_ui.models.webhook_display import AUTH_LABELS
from webhooks_ui.validation import webhook as webhook_rules
from webhooks_ui.validation.webhook import Proposal

HINT_FROM = 16  # characters; the end of a shorter secret would tell too much of it
SECRET_FIELDS = {
    "bearer": "auth_token",
    "basic": "auth_password",
    "custom": "auth_header_value",
}


def _trim(text: str | None) -> str:
    return (text or "").strip()


class WebhookForm(FlaskForm):
    """A webhook as it is typed. What is wrong stands at the fields, in `errors`."""

    name = StringField(_l("Name"), filters=[_trim])
    url = StringField(_l("Webhook URL"), filters=[_trim])
    auth_type = RadioField(
        _l("Authorization"),
        choices=[SelectChoice(*item) for item in AUTH_LABELS.items()],
        default="none",
        validate_choice=False,
    )
    auth_token = PasswordField(_l("Token"))
    # The platform's own words for Basic, the same in every language.
    auth_login = StringField("Login")
    auth_password = PasswordField("Password")
    auth_header_name = StringField(_l("Header name"))
    auth_header_value = PasswordField(_l("Header value"))
    events = SelectMultipleField(_l("Events"), validate_choice=False)
    channel = SelectField(_l("Select inbox (channel)"), validate_choice=False)
    payload_format = RadioField(
        _l("Payload format"),
        choices=[SelectChoice("envelope", _l("Envelope")), SelectChoice("raw", _l("Raw"))],
        default="envelope",
        validate_choice=False,
    )
    enabled = BooleanField(_l("Enabled"), default=True)
    draft = HiddenField()
    version = HiddenField()
    webhook = HiddenField()

    def __init__(
        self,
        saved: Webhook | None,
        draft: Draft,
        stored: Authorization | None = None,
        **arguments: Any,
    ) -> None:
        """`stored` is the authorization of `saved`: a secret left empty keeps its secret."""
        super().__init__(**arguments)
        self.saved, self.memory = saved, draft
        self.stored = stored or NoAuthorization()
        self.warnings: list[str] = []
        self.channel.choices = [
            SelectChoice("", _("All channels")),
            *(SelectChoice(key, name) for _row, key, name in Channel.choices()),
        ]
        self.events.choices = [SelectChoice(e.identifier, e.label) for e in ALL_TYPES.values()]

    def fill(self, webhook: Webhook) -> None:
        """Shows what is stored; secrets are not."""
        self.name.data, self.url.data = webhook.name, webhook.shown_url
        self.auth_type.data, self.events.data = webhook.auth_type, webhook.event_types
        self.auth_login.data = webhook.auth_login
        self.auth_header_name.data = webhook.auth_header_name
        self.channel.data = webhook.channel.key if webhook.channel else ""
        self.payload_format.data, self.enabled.data = webhook.payload_format, webhook.enabled

    def check(self, guard: Guard, *, test: bool = False) -> bool:
        """Whether this can be saved, or for a `test` sent; says at the fields what is wrong."""
        self.validate()
        self._take_userinfo()
        self._remember_secrets()
        for name, message in webhook_rules.problems(self.proposal, test=test):
            _add_error(self[name], message)
        if not test:
            self._look_up(guard)
        return not self.errors

    @property
    def authorization(self) -> Authorization:
        """What was chosen; the fields of the other kinds are ignored."""
        kind = self.auth_type.data
        secret = self._secrets.get(kind, "")
        match kind:
            case "bearer":
                chosen: Authorization = Bearer(secret)
            case "basic":
                chosen = Basic(self.auth_login.data or "", secret)
            case "custom":
                chosen = Custom(self.auth_header_name.data or "", secret)
            case _:
                chosen = NoAuthorization()
        return tidy(chosen)

    @property
    def proposal(self) -> Proposal:
        """The webhook as typed."""
        return Proposal(
            name=self.name.data,
            url=self.url.data,
            auth_type=self.auth_type.data or "",
            authorization=self.authorization,
            events=self.events.data or (),
            channel_key=self.channel.data or "",
            channel=Channel.by_key(self.channel.data) if self.channel.data else None,
            payload_format=self.payload_format.data or "",
            enabled=self.enabled.data,
        )

    @property
    def settings(self) -> WebhookSettings:
        """What is saved; only after `check` found nothing."""
        return self.proposal.settings

    @property
    def kept(self) -> dict[str, str]:
        """For each secret that is set: what may be shown of it."""
        return {SECRET_FIELDS[kind]: hint(secret) for kind, secret in self._secrets.items()}

    @property
    def differences(self) -> list[str]:
        """The labels of the fields that differ from what is stored."""
        stored = WebhookForm(self.saved, self.memory, formdata=None)
        if self.saved:
            stored.fill(self.saved)
        names = ("name", "url", "auth_type", "auth_login", "auth_header_name", "events", "channel")
        differing = [
            str(self[name].label.text)
            for name in (*names, "payload_format", "enabled")
            if (self[name].data or "") != (stored[name].data or "")
        ]
        typed = any(self[name].data for name in SECRET_FIELDS.values())
        return [*differing, _("the secret")] if typed else differing

    def _take_userinfo(self) -> None:
        given = bool(self.auth_login.data or self.auth_password.data)
        taken = webhook_rules.userinfo(self.url.data, self.auth_type.data, given=given)
        if taken is None:
            return
        self.url.data, self.auth_login.data, self.auth_password.data = taken
        self.auth_type.data = "basic"
        self.warnings.append(
            _("The login and password were moved from the URL into Basic authorization.")
        )

    def _remember_secrets(self) -> None:
        for kind, name in SECRET_FIELDS.items():
            if typed := self[name].data:
                self.memory.secrets[kind] = typed

    @property
    def _secrets(self) -> dict[str, str]:
        """What was typed, now or before, above what is stored."""
        match self.stored:
            case NoAuthorization():
                return self.memory.secrets
            case Bearer(token=secret) | Custom(header_value=secret) | Basic(password=secret):
                kind = type(self.stored).__name__.lower()
                return {kind: secret} | self.memory.secrets

    def _look_up(self, guard: Guard) -> None:
        refusal = webhook_rules.refused_by(guard, self.url.data)
        if isinstance(refusal, Blocked):
            _add_error(self.url, refusal.message)
        elif isinstance(refusal, DnsFailure):
            self.warnings.append(
                _("Saved, but the name %(host)s cannot be resolved now.", host=refusal.host)
            )


def hint(secret: str) -> str:
    """What may be shown of a secret: the last four characters of a long one."""
    return _("ends in %(end)s", end=secret[-4:]) if len(secret) >= HINT_FROM else ""


def _add_error(field: Field, message: Any) -> None:
    field.errors = [*field.errors, str(message)]
