"""The secrets of a webhook's form: typed now, typed before, or stored; none is shown."""

from collections.abc import Mapping
from typing import Any

from webhooks_ui.authorization.base import Authorization
from webhooks_ui.authorization.kinds import KINDS, kind_of
from webhooks_ui.forms.sealed_draft import Draft
from webhooks_ui.forms.webhook_fields import (
    SECRET_FIELDS,
    hint,
    remember_headers,
    removal,
    tls_options,
)
from webhooks_ui.models import Webhook
from webhooks_ui.models.webhook_settings import WebhookSettings
from webhooks_ui.validation import webhook as webhook_rules


class KeptSecrets:
    """The part of `WebhookForm` that knows them, by kind of authorization."""

    saved: Webhook | None
    stored: WebhookSettings
    memory: Draft
    url: Any
    auth_type: Any
    __getitem__: Any
    __contains__: Any

    @property
    def kept(self) -> dict[str, str]:
        """For each secret that is set: what may be shown of it."""
        return {SECRET_FIELDS[kind]: hint(secret) for kind, secret in self._secrets.items()}

    def _authorization(self, secrets: Mapping[str, str]) -> Authorization:
        """What was chosen; the fields of the other kinds are ignored."""
        kind = kind_of(self.auth_type.data)
        members = {one.name: self[one.form_name].data or "" for one in kind.inputs()}
        return kind.from_members(members | {kind.secret_name(): secrets.get(kind.type, "")})

    def _remember_secrets(self) -> None:
        """What is refused is never remembered: it must not outrank what is stored."""
        for kind, typed in self._typed_secrets.items():
            members = {one.name: self[one.form_name].data or "" for one in KINDS[kind].inputs()}
            tidied = KINDS[kind].from_members(members).tidied()
            if tidied.member_problems().get(tidied.secret_name()) is None:
                self.memory.secrets[kind] = typed
        self.memory.headers |= remember_headers(self)
        tls = tls_options(self, "")
        if tls.key and "key" not in dict(tls.problems()):
            self.memory.tls_key = tls.key

    @property
    def _typed_secrets(self) -> dict[str, str]:
        return {kind: self[name].data for kind, name in SECRET_FIELDS.items() if self[name].data}

    @property
    def _secrets(self) -> dict[str, str]:
        """What was accepted, now or before, above what is stored, by kind."""
        stored = self.stored.authorization
        kept = {stored.type: stored.secret} if stored.secret else {}
        known = ({} if self._is_elsewhere else kept) | self.memory.secrets
        return {kind: secret for kind, secret in known.items() if not self._is_removed(kind)}

    @property
    def kept_headers(self) -> dict[str, str]:
        """The values of headers that are set, by names in lower case."""
        stored = {one.name.lower(): one.value for one in self.stored.headers}
        is_elsewhere = bool(
            self.saved
            and self.url.data
            and webhook_rules.is_elsewhere(self.url.data, self.saved.url)
        )
        return ({} if is_elsewhere else stored) | self.memory.headers

    def _is_removed(self, kind: str) -> bool:
        name = removal(SECRET_FIELDS[kind])
        return name in self and bool(self[name].data)

    @property
    def _is_elsewhere(self) -> bool:
        """Whether a URL leads to another server than the stored secret was stored for."""
        if not (self.saved and self.url.data):
            return False
        stored = self.stored.authorization
        asked = {name: self[stored.form_prefix + name].data or "" for name in stored.own_urls()}
        members = stored.members | asked
        typed = WebhookSettings(url=self.url.data, authorization=stored.from_members(members))
        return webhook_rules.sends_elsewhere(typed, self.stored)

    def _secret_asked_for_again(self) -> str | None:
        """The field of the stored secret, if it would have to go to another server."""
        stored = self.stored.authorization
        kind = stored.type
        if not (stored.secret and self._is_elsewhere and self.auth_type.data == kind):
            return None
        is_known = kind in self._secrets or self._is_removed(kind)
        return None if is_known else SECRET_FIELDS[kind]
