"""The one-time link to add the first administrator.

Its token is derived from the secret key, so that every process has the same one. It is valid
only while there is no user.
"""

import base64
import hmac


def setup_token(secret_key: str) -> str:
    """The token of the set-up link: 32 characters of base64url."""
    digest = hmac.digest(secret_key.encode(), b"webhooks-ui: first administrator", "sha256")
    return base64.urlsafe_b64encode(digest[:24]).decode()


def is_setup_token(given: str, secret_key: str) -> bool:
    """Whether it is the token of the set-up link, in constant time."""
    return hmac.compare_digest(given.encode(errors="replace"), setup_token(secret_key).encode())


def setup_url(base: str, secret_key: str) -> str:
    """The set-up link; `base` is the console's address without a slash at its end."""
    return f"{base}/setup?token={setup_token(secret_key)}"
