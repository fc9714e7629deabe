"""What is set up, as a document and as the text of a file: always in the same order.

In a file secrets are left out or encrypted.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from webhooks_ui.api.body import MESSAGES
from webhooks_ui.api.configuration import yaml_text
from webhooks_ui.api.configuration.faults import ImportFaults
from webhooks_ui.api.webhook_shapes import NewWebhook, WebhookShape
from webhooks_ui.crypto import passphrase as passphrases
from webhooks_ui.crypto.vault import Vault, VaultError, current_vault
from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.models import Channel, Source, Webhook
from webhooks_ui.web.problem import pointer

_VERSION = 1
_HEAD = "# webhooks-ui import --dry-run FILE shows what this would change.\n"
_CONTEXT = "configuration"
LISTS = ("channels", "webhooks", "sources")
_fault = ImportFaults.at

Tell = Callable[[str], str | None]
"""What stands in the document for a secret; None leaves it out."""


def write(passphrase: str = "") -> str:
    """The configuration as the text of a file; with a passphrase also its secrets, encrypted."""
    if not passphrase:
        return _HEAD + yaml_text.dump({"version": _VERSION} | document(left_out))
    vault, how = passphrases.new(passphrase)
    how["check"] = vault.encrypt("", _CONTEXT)
    found = document(lambda secret: vault.encrypt(secret, _CONTEXT))
    return _HEAD + yaml_text.dump({"version": _VERSION, "encryption": how} | found)


def read(text: str, passphrase: str = "") -> dict[str, list[dict[str, Any]]]:
    """The lists of a file, their secrets in clear. Raises `ImportFaults`."""
    try:
        found = yaml_text.load(text)
    except yaml_text.TextError as error:
        raise _fault("", _l("This YAML cannot be read: %(reason)s", reason=str(error))) from None
    if not isinstance(found, dict) or found.get("version") != _VERSION:
        raise _fault("/version", _l("A file of webhooks-ui begins with “version: 1”."))
    for name in found.keys() - {*LISTS, "version", "encryption"}:
        raise _fault(pointer(name), MESSAGES["extra_forbidden"])
    parts = {name: found.get(name) or [] for name in LISTS}
    for name, entries in parts.items():
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise _fault(pointer(name), _l("Write a list of objects here."))
    if "encryption" in found:
        vault = _vault(found["encryption"], passphrase)
        parts = {name: _decrypted(entries, vault, (name,)) for name, entries in parts.items()}
    return parts


def _vault(how: Any, passphrase: str) -> Vault:
    """The vault that the file's secrets were encrypted by."""
    if not passphrase:
        raise _fault("/encryption", _l("Enter the passphrase of this file: its secrets need it."))
    try:
        vault = passphrases.again(passphrase, how["salt"])
        if vault.missing_key(how["check"]) is None:
            return vault
    except (KeyError, TypeError, ValueError, AttributeError, VaultError):
        raise _fault("/encryption", _l("The secrets of this file cannot be read.")) from None
    raise _fault("/encryption", _l("This is not the passphrase of this file."))


def _decrypted(value: Any, vault: Vault, at: tuple[str | int, ...]) -> Any:
    match value:
        case str() if value.startswith(vault.newest_start):
            try:
                return vault.decrypt(value, _CONTEXT)
            except VaultError:
                raise _fault(pointer(*at), _l("The secret that stands here is damaged.")) from None
        case dict():
            return {name: _decrypted(one, vault, (*at, name)) for name, one in value.items()}
        case list():
            return [_decrypted(one, vault, (*at, index)) for index, one in enumerate(value)]
    return value


def document(tell: Tell) -> dict[str, Any]:
    """Every channel by its key, every webhook and source by its id."""
    channels = db.session.scalars(select(Channel).order_by(Channel.key))
    webhooks = select(Webhook).where(Webhook.deleted_at.is_(None)).order_by(Webhook.public_id)
    sources = db.session.scalars(select(Source).order_by(Source.public_id))
    return {
        "channels": [{"key": one.key, "name": one.name, "kind": one.kind} for one in channels],
        "webhooks": [_webhook(one, tell) for one in db.session.scalars(webhooks)],
        "sources": [_source(one, tell) for one in sources],
    }


def left_out(_secret: str) -> None:
    """Tells no secret."""


def marked(secret: str) -> str:
    """Tells two secrets apart, to those who know neither."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return f"•••• ({hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()[:6]})"


def _webhook(webhook: Webhook, tell: Tell) -> dict[str, Any]:
    vault = current_vault()
    shape = WebhookShape.of(webhook, None).model_dump(mode="json")
    settings = webhook.settings(vault)
    kind = settings.authorization
    told = {"id": webhook.public_id} | {name: shape[name] for name in NewWebhook.model_fields}
    told["authorization"] = {"type": kind.type, **kind.public}
    told["tls"] = {name: text for name, text in shape["tls"].items() if name != "key_set"}
    told["headers"] = [{"name": one.name} for one in settings.headers]
    for header, one in zip(told["headers"], settings.headers, strict=True):
        _add(header, "value", one.value, tell)
    _add(told["authorization"], kind.secret_name(), kind.secret, tell)
    _add(told["tls"], "key", settings.tls.key, tell)
    _add(told, "signing_secret", webhook.signing_secrets(vault, now())[0], tell)
    return told


def _source(source: Source, tell: Tell) -> dict[str, Any]:
    told: dict[str, Any] = {"id": source.public_id, "name": source.name, "kind": source.kind}
    told["options"] = asdict(source.chosen)
    _add(told, "secret", source.signing_secret(current_vault()), tell)
    _add(told, "token_hash", source.token_hash, tell)
    return told


def _add(told: dict[str, Any], name: str, secret: str | None, tell: Tell) -> None:
    if secret and (text := tell(secret)):
        told[name] = text
