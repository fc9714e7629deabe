"""What a form under way remembers between two answers without showing it.

Secrets that were typed must survive a form with errors and a test without JavaScript, yet stand
in no page. They travel in a hidden field, encrypted and bound to the user who typed them.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Self

from flask_login import current_user

from webhooks_ui.crypto.signing import new_secret
from webhooks_ui.crypto.vault import VaultError, current_vault
from webhooks_ui.models import Webhook
from webhooks_ui.models.public_ids import WEBHOOK, is_id, new_id


@dataclass(slots=True)
class Draft:
    """A webhook to be: its id and signing secret are settled before it is saved.

    So a test from the unsaved form is signed as deliveries will be, and a form that is sent twice
    makes one webhook. `secrets` are those typed so far, by kind of authorization; `tls_key` the
    private key, `headers` values by names in lower case.
    """

    webhook_id: str
    signing_secret: str = field(repr=False)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    tls_key: str = field(default="", repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def new(cls, webhook: Webhook | None = None) -> Self:
        """A draft of a new webhook, or of the changes to `webhook`."""
        return cls(webhook.public_id, "") if webhook else cls(new_id(WEBHOOK), new_secret())

    @classmethod
    def open(cls, sealed: str, webhook: Webhook | None) -> Self:
        """The draft that a form brought back; a new one where it brought none that we made."""
        try:
            draft = cls(**json.loads(current_vault().decrypt(sealed, _own("draft"))))
        except (VaultError, ValueError, TypeError):
            return cls.new(webhook)
        expected = webhook.public_id if webhook else draft.webhook_id
        usable = is_id(draft.webhook_id, WEBHOOK) and bool(draft.signing_secret) == (not webhook)
        return draft if usable and draft.webhook_id == expected else cls.new(webhook)

    def seal(self) -> str:
        """The draft as a hidden field carries it."""
        return current_vault().encrypt(json.dumps(asdict(self)), _own("draft"))


def seal_secret(secret: str) -> str:
    """One secret as a hidden field carries it; empty where there is none."""
    return current_vault().encrypt(secret, _own("draft secret")) if secret else ""


def open_secret(sealed: str) -> str:
    """The secret that a form brought back; empty where it brought none that we sealed."""
    try:
        return current_vault().decrypt(sealed, _own("draft secret")) if sealed else ""
    except VaultError:
        return ""


def _own(context: str) -> str:
    """The context of what only the signed-in user can open."""
    return f"{context}:{current_user.user_id}"
