"""The one form for creating and editing a webhook, and for testing it before it is saved."""

from typing import Any

from flask import current_app
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
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
from wtforms.validators import AnyOf

from webhooks_ui.authorization.kinds import KINDS, kind_of
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.catalogue.payload_formats import FORMATS
from webhooks_ui.egress.guard import Blocked, Guard
from webhooks_ui.egress.resolver import DnsFailure
from webhooks_ui.forms.base import Form, SelectOfMany, trimmed
from webhooks_ui.forms.filter_fields import filter_fields, mark_filters, show_filters, typed_filters
from webhooks_ui.forms.kept_secrets import KeptSecrets
from webhooks_ui.forms.sealed_draft import Draft
from webhooks_ui.forms.webhook_fields import (
    SECRET_FIELDS,
    authorization_fields,
    header_fields,
    request_fields,
    show_headers,
    show_template,
    spaces_kept,
    tls_fields,
    tls_options,
    typed_headers,
    typed_template,
)
from webhooks_ui.models import Channel, Webhook
from webhooks_ui.models.webhook_settings import PLAIN, WebhookSettings
from webhooks_ui.validation import webhook as webhook_rules
from webhooks_ui.web.kept_form import is_unsent


class WebhookForm(KeptSecrets, Form):
    """A webhook as it is typed. What is wrong stands at the fields, in `errors`."""

    name = StringField(_l("Name"), filters=[trimmed])
    url = StringField(_l("Webhook URL"), filters=[trimmed])
    auth_type = RadioField(
        _l("Authorization"),
        choices=[SelectChoice(kind.type, kind.label) for kind in KINDS.values()],
        default=NoAuthorization.type,
        validators=[AnyOf(KINDS, webhook_rules.KIND_UNKNOWN)],
        validate_choice=False,
    )
    locals().update(authorization_fields())  # here, for errors are told in the fields' order
    events = SelectMultipleField(_l("Events"), validate_choice=False)
    channel = SelectField(
        _l("Select inbox (channel)"), validate_choice=False, widget=SelectOfMany()
    )
    locals().update(request_fields())
    locals().update(header_fields())
    locals().update(filter_fields())
    locals().update(tls_fields())
    enabled = BooleanField(_l("Enabled"), default=True)
    draft = HiddenField()
    version = HiddenField()
    webhook = HiddenField()
    kinds = tuple(KINDS.values())
    formats = tuple(FORMATS.values())

    def __init__(
        self,
        saved: Webhook | None,
        draft: Draft,
        stored: WebhookSettings | None = None,
        **arguments: Any,
    ) -> None:
        """`stored` are the settings of `saved`: a secret left empty stays as it is there."""
        super().__init__(**arguments)
        self.saved, self.memory = saved, draft
        self.stored = stored or WebhookSettings()
        self.warnings: list[str] = []
        self.unresolved: DnsFailure | None = None  # of the URL's host
        self.channel.choices = [
            SelectChoice("", _("All channels")),
            *(SelectChoice(key, name) for _row, key, name in Channel.choices()),
        ]
        self.events.choices = [SelectChoice(e.identifier, e.label) for e in ALL_TYPES.values()]

    def fill(self, webhook: Webhook) -> None:
        """Shows what is stored; secrets are not."""
        for name in PLAIN:
            self[name].data = getattr(webhook, name)
        self.url.data = webhook.shown_url
        self.auth_type.data, self.events.data = webhook.auth_type, webhook.event_types
        for one in kind_of(webhook.auth_type).inputs():
            self[one.form_name].data = webhook.auth_public.get(one.name, one.default)
        self.channel.data = webhook.channel.key if webhook.channel else ""
        self.enabled.data = webhook.enabled
        show_template(self, webhook)
        show_headers(self, webhook.header_names)
        self.tls_ca.data, self.tls_certificate.data = webhook.tls_ca, webhook.tls_certificate
        self.tls_insecure.data = not webhook.tls_verify
        show_filters(self, webhook.chosen_filters)

    def check(self, guard: Guard, *, test: bool = False) -> bool:
        """Whether this can be saved, or for a `test` sent; says at the fields what is wrong."""
        if is_unsent():
            self._remember_secrets()
            return False
        if not self.validate():
            return False
        self._take_userinfo()
        self._remember_secrets()
        self.warnings += spaces_kept(self, self.settings.authorization)
        if field := self._secret_asked_for_again():
            _add_error(self[field], webhook_rules.SECRET_ELSEWHERE)
        may_skip = current_app.config["ALLOW_INSECURE_TLS"]
        for name, message in webhook_rules.problems(
            self.settings, test=test, may_skip_verification=may_skip
        ):
            if name != field:
                _add_error(self[name], message)
        mark_filters(self)
        if not test:
            self._look_up(guard)
        return not self.errors

    @property
    def settings(self) -> WebhookSettings:
        """The webhook as typed; it can be saved only after `check` found nothing."""
        key = self.channel.data or ""
        typed = WebhookSettings(
            **{name: self[name].data or "" for name in PLAIN},
            authorization=self._authorization(self._secrets | self._typed_secrets),
            events=self.events.data or (),
            channel=Channel.by_key(key) if key else None,
            channel_key=key,
            template=typed_template(self),
            headers=typed_headers(self, self.kept_headers),
            tls=tls_options(self, self._kept_key),
            enabled=self.enabled.data,
            paused_until=self.stored.paused_until,
            filters=typed_filters(self),
        )
        return webhook_rules.tidied(typed)

    @property
    def has_key(self) -> bool:
        """Whether a private key is set: what it is may not be shown."""
        return bool(self._kept_key)

    @property
    def differences(self) -> list[str]:
        """The labels of the fields that differ from what is stored."""
        stored = WebhookForm(self.saved, self.memory, formdata=None)
        if self.saved:
            stored.fill(self.saved)
        differing = [
            str(field.label.text)
            for field in self
            if not isinstance(field, (HiddenField, PasswordField))
            and (field.data or "") != (stored[field.name].data or "")
        ]
        typed = any(self[name].data for name in SECRET_FIELDS.values())
        return [*differing, _("the secret")] if typed else differing

    def _take_userinfo(self) -> None:
        typed = {kind: self[name].data or "" for kind, name in SECRET_FIELDS.items()}
        taken = webhook_rules.with_userinfo(self.url.data, self._authorization(typed))
        if taken is None:
            return
        self.url.data, basic = taken
        self.auth_type.data = basic.type
        for one in basic.inputs():
            self[one.form_name].data = basic.members[one.name]
        self.warnings.append(
            _("The login and password were moved from the URL into Basic authorization.")
        )

    @property
    def _kept_key(self) -> str:
        return self.memory.tls_key or self.stored.tls.key

    def _look_up(self, guard: Guard) -> None:
        for name, refusal in webhook_rules.refusals(guard, self.settings):
            if isinstance(refusal, Blocked):
                _add_error(self[name], refusal.message)
            elif name == "url":
                self.unresolved = refusal


def _add_error(field: Field, message: str | LazyString) -> None:
    field.errors = [*field.errors, str(message)]
