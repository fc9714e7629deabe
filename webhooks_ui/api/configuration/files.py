"""Between the document and the text of a file, where secrets are left out or encrypted."""

from typing import Any

from flask_babel import lazy_gettext as _l

from webhooks_ui.api.configuration import yaml_text
from webhooks_ui.api.configuration.document import document, left_out
from webhooks_ui.api.configuration.faults import ImportFaults
from webhooks_ui.crypto import passphrase as passphrases
from webhooks_ui.crypto.vault import Vault, VaultError
from webhooks_ui.web.problem import pointer

_VERSION = 1
_HEAD = "# webhooks-ui import --dry-run FILE shows what this would change.\n"
_CONTEXT = "configuration"
LISTS = ("channels", "webhooks", "sources")
_fault = ImportFaults.at

UNKNOWN = _l("This is not known here. Leave it out.")


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
        raise _fault(pointer(name), UNKNOWN)
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
