"""A vault whose key comes from a passphrase, for secrets that leave the installation."""

import base64
import secrets
from threading import Lock
from typing import Any

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from webhooks_ui.crypto.vault import Vault

LEAST = 12
"""Characters of a passphrase."""
# OWASP's Password Storage Cheat Sheet: 64 MiB, two times.
_COST = {"n": 2**16, "r": 8, "p": 2}
_one_at_a_time = Lock()  # so much memory in every thread of the console would exhaust it


def new(passphrase: str) -> tuple[Vault, dict[str, Any]]:
    """A vault, and what `again` needs to make it from the same passphrase."""
    salt = base64.b64encode(secrets.token_bytes(16)).decode()
    return again(passphrase, salt), {"kdf": "scrypt", "salt": salt}


def again(passphrase: str, salt: str) -> Vault:
    """The vault of a passphrase and a salt. Raises `ValueError` for a salt that is none."""
    found = base64.b64decode(salt, validate=True)
    with _one_at_a_time:
        return Vault([Scrypt(found, 32, **_COST).derive(passphrase.encode())])
