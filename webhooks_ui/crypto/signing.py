"""Signatures by the Standard Webhooks specification 1.0.0 (standardwebhooks.com).

What is signed is `<webhook-id>.<webhook-timestamp>.<body>`, by HMAC-SHA256 under the bytes of the
secret; the secret is written `whsec_` and base64.
"""

import base64
import binascii
import functools
import hmac
import secrets
from collections.abc import Sequence

from webhooks_ui.text.whole_number import whole_number

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
PREFIX = "whsec_"
TOLERANCE = 5 * 60
"""Seconds by which the timestamp may differ from the receiver's clock."""

_SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """A new signing secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def sign(signing_secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one `v1,…` for each secret, separated by spaces.

    `timestamp` is in seconds since 1970. Raises `ValueError` for a secret of another form.
    """
    content = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return " ".join(f"v1,{_digest(secret, content)}" for secret in signing_secrets)


def verify(secret: str, message_id: str, timestamp: int, body: bytes, header: str) -> bool:
    """Whether one of the signatures in the header was made with this secret, in constant time.

    Does not look at the clock: a receiver also checks that the timestamp is within `TOLERANCE`.
    """
    expected = sign([secret], message_id, timestamp, body).encode()
    matches = [
        hmac.compare_digest(part.encode(errors="replace"), expected) for part in header.split(" ")
    ]
    return any(matches)


def headers(
    signing_secrets: Sequence[str], message_id: str, timestamp: int, body: bytes
) -> tuple[tuple[str, str], ...]:
    """The three headers of the specification, as names and values."""
    return (
        ("webhook-id", message_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", sign(signing_secrets, message_id, timestamp, body)),
    )


def timestamp_of(text: str) -> int | None:
    """The seconds that a `webhook-timestamp` has; None for what is no such number."""
    return whole_number(text, digits=12)


def is_secret(text: str) -> bool:
    """Whether the text has the form of a signing secret."""
    try:
        return bool(_key(text))
    except ValueError:
        return False


def _digest(secret: str, content: bytes) -> str:
    # `hmac.digest` hands the interpreter's lock over to other threads however short the content is.
    return base64.b64encode(hmac.new(_key(secret), content, "sha256").digest()).decode()


@functools.lru_cache(maxsize=1024)
def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a signing secret is whsec_ and base64") from None
