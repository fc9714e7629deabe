"""Secrets at rest: AES-256-GCM, with the key's id in the token.

A token is `v1.<key id>.<base64url(nonce + ciphertext)>`. The context (row and field of the
secret) is authenticated, so that a token copied to another row cannot be decrypted.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

_VERSION = "v1"
_NONCE_BYTES = 12  # NIST SP 800-38D §8.2.2: a random nonce of 96 bits


class VaultError(Exception):
    """A token cannot be decrypted: damaged, of another context, or its key is missing."""


class Vault:
    """Encrypts under the newest key; decrypts under any of them.

    `renewed` gives the keys again when they have changed, None otherwise: they may be rotated while
    this process runs.
    """

    def __init__(
        self,
        keys: Sequence[bytes],
        renewed: Callable[[], Sequence[bytes] | None] = lambda: None,
    ) -> None:
        """`keys` are 32 bytes each, newest first; raises `ValueError` when there is none."""
        self._renewed = renewed
        self._use(keys)

    @property
    def key_ids(self) -> list[str]:
        """The ids of the keys, newest first."""
        return [*self._ciphers]

    @property
    def newest_start(self) -> str:
        """What every token begins with that is made under the newest key."""
        self._renew()
        return f"{_VERSION}.{self.key_ids[0]}."

    def encrypt(self, text: str, context: str) -> str:
        """A token for the text, different each time."""
        self._renew()
        newest, cipher = next(iter(self._ciphers.items()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = cipher.encrypt(nonce, text.encode(), context.encode())
        payload = base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")
        return f"{_VERSION}.{newest}.{payload}"

    def missing_key(self, token: str) -> str | None:
        """The id of the key that the token was made under, where this vault has not got it."""
        key_id = _split(token)[1]
        return key_id if self._cipher(key_id) is None else None

    def decrypt(self, token: str, context: str) -> str:
        """The text of a token made for the same context; raises `VaultError`."""
        version, key_id, payload = _split(token)
        cipher = self._cipher(key_id)
        if version != _VERSION or cipher is None:
            raise VaultError(f"the key {key_id} is not among the encryption keys")
        sealed = _decode(payload)
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, ciphertext, context.encode()).decode()
        except (InvalidTag, ValueError):
            raise VaultError("the stored secret is damaged or stands in the wrong place") from None

    def _cipher(self, key_id: str) -> AESGCM | None:
        if key_id not in self._ciphers:
            self._renew()
        return self._ciphers.get(key_id)

    def _renew(self) -> None:
        if keys := self._renewed():
            self._use(keys)

    def _use(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != 32 for key in keys):
            raise ValueError("a vault takes one or more keys of 32 bytes")
        self._ciphers = {key_id(key): AESGCM(key) for key in keys}


def current_vault() -> Vault:
    vault: Vault = current_app.extensions["vault"]
    return vault


def key_id(key: bytes) -> str:
    """The name of a key in the tokens made under it; it says nothing of the key."""
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
