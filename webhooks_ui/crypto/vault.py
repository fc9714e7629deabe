"""Secrets at rest: AES-256-GCM, with the key's id in the token.

A token is `v1.<key id>.<base64url(nonce + ciphertext)>`. The context (row and field of the
secret) is authenticated, so that a token copied to another row cannot be decrypted.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

_VERSION = "v1"
_NONCE_BYTES = 12  # NIST SP 800-38D §8.2.2: a random nonce of 96 bits


class VaultError(Exception):
    """A token cannot be decrypted: damaged, of another context, or its key is missing."""


class Vault:
    """Encrypts under the newest key; decrypts under any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys` are 32 bytes each, newest first; raises `ValueError` when there is none."""
        if not keys or any(len(key) != 32 for key in keys):
            raise ValueError("a vault takes one or more keys of 32 bytes")
        self._ciphers = {_key_id(key): AESGCM(key) for key in reversed(keys)}
        self._newest = _key_id(keys[0])

    @property
    def key_ids(self) -> list[str]:
        """The ids of the keys, newest first."""
        return [self._newest, *(each for each in self._ciphers if each != self._newest)]

    def encrypt(self, text: str, context: str) -> str:
        """A token for the text, different each time."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, text.encode(), context.encode())
        payload = base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")
        return f"{_VERSION}.{self._newest}.{payload}"

    def missing_key(self, token: str) -> str | None:
        """The id of the key that the token was made under, where this vault has not got it."""
        key_id = _split(token)[1]
        return None if key_id in self._ciphers else key_id

    def decrypt(self, token: str, context: str) -> str:
        """The text of a token made for the same context; raises `VaultError`."""
        version, key_id, payload = _split(token)
        if version != _VERSION or key_id not in self._ciphers:
            raise VaultError(f"the key {key_id} is not among the encryption keys")
        sealed = _decode(payload)
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._ciphers[key_id].decrypt(nonce, ciphertext, context.encode()).decode()
        except (InvalidTag, ValueError):
            raise VaultError("the stored secret is damaged or stands in the wrong place") from None


def current_vault() -> Vault:
    """The vault of the current app."""
    vault: Vault = current_app.extensions["vault"]
    return vault


def _key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]


def _split(token: str) -> tuple[str, str, str]:
    parts = token.split(".")
    if len(parts) != 3:
        raise VaultError("the stored secret has not the form of a token")
    return parts[0], parts[1], parts[2]


def _decode(payload: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    except (binascii.Error, ValueError):
        raise VaultError("the stored secret is damaged") from None
