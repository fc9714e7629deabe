"""What of a webhook signs its requests and makes TLS to its receiver; secrets are encrypted."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import JSON, Boolean, Text
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.authorization.extra_headers import ExtraHeader
from webhooks_ui.crypto.signing import new_secret
from webhooks_ui.crypto.vault import Vault
from webhooks_ui.database.types import Instant, Sealed
from webhooks_ui.egress.tls_options import TlsOptions

ROTATION_OVERLAP = timedelta(hours=24)


class WebhookSecrets:
    """Columns of `Webhook`. `tls_ca`, `tls_certificate` and, in clear, `tls_key` are PEM."""

    public_id: Mapped[str]
    url: Mapped[str]
    signing_secret: Mapped[str] = mapped_column(Sealed("{public_id}:signing", 300))
    previous_signing_secret: Mapped[str | None] = mapped_column(Sealed("{public_id}:signing", 300))
    previous_secret_until: Mapped[datetime | None] = mapped_column(Instant)
    tls_verify: Mapped[bool] = mapped_column(Boolean, default=True)
    tls_ca: Mapped[str | None] = mapped_column(Text)
    tls_certificate: Mapped[str | None] = mapped_column(Text)
    tls_key: Mapped[str | None] = mapped_column(Sealed("{public_id}:tls"))
    header_names: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    header_values: Mapped[str | None] = mapped_column(Sealed("{public_id}:headers"))
    # Of OAuth 2.0, as `delivery.access_tokens` keeps it.
    access_token: Mapped[str | None] = mapped_column(Sealed("{public_id}:token"), deferred=True)

    @property
    def skips_verification(self) -> bool:
        """Whether the receiver's certificate is not to be verified; plain http has none."""
        return not self.tls_verify and self.url.startswith("https:")

    def secret_context(self, purpose: str) -> str:
        """What a secret of this webhook is bound to when it is encrypted."""
        return f"{self.public_id}:{purpose}"

    def signing_secrets(self, vault: Vault, moment: datetime) -> tuple[str, ...]:
        """The secrets that sign now, the newest first: after a rotation two, for 24 hours."""
        stored, until = [self.signing_secret], self.previous_secret_until
        if self.previous_signing_secret and until and until > moment:
            stored.append(self.previous_signing_secret)
        return tuple(vault.decrypt(one, self.secret_context("signing")) for one in stored)

    def sign_with(self, secret: str, vault: Vault) -> None:
        """Sets the first signing secret."""
        self.signing_secret = vault.encrypt(secret, self.secret_context("signing"))

    def rotate_signing_secret(self, vault: Vault, moment: datetime) -> None:
        """Makes a new signing secret; the former one signs too for 24 hours."""
        self.previous_signing_secret = self.signing_secret
        self.previous_secret_until = moment + ROTATION_OVERLAP
        self.sign_with(new_secret(), vault)

    def extra_headers(self, vault: Vault) -> tuple[ExtraHeader, ...]:
        """The headers with their values in clear. Raises VaultError."""
        if not self.header_values:
            return ()
        values = json.loads(vault.decrypt(self.header_values, self.secret_context("headers")))
        return tuple(map(ExtraHeader, self.header_names, values))

    def use_headers(self, headers: Sequence[ExtraHeader], vault: Vault) -> None:
        """Takes over the headers."""
        values = json.dumps([one.value for one in headers])
        self.header_names = [one.name for one in headers]
        self.header_values = (
            vault.encrypt(values, self.secret_context("headers")) if headers else None
        )

    def tls_options(self, vault: Vault) -> TlsOptions:
        """The options with the key in clear, to be used and not kept. Raises VaultError."""
        key = vault.decrypt(self.tls_key, self.secret_context("tls")) if self.tls_key else ""
        return TlsOptions(self.tls_verify, self.tls_ca or "", self.tls_certificate or "", key)

    def use_tls(self, options: TlsOptions, vault: Vault) -> None:
        """Takes over the options."""
        key = options.key
        self.tls_verify, self.tls_ca = options.verify, options.ca or None
        self.tls_certificate = options.certificate or None
        self.tls_key = vault.encrypt(key, self.secret_context("tls")) if key else None
