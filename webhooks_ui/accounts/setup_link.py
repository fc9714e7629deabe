"""The link to add the first administrator, valid for a day and only while there is no user.

Its token is derived from the secret key and the time, so that every process knows it and nothing is
stored. Each start prints a new one.
"""

import base64
import hmac
from datetime import datetime, timedelta

from webhooks_ui.database.types import now

LIFETIME = timedelta(days=1)
_PERIOD = timedelta(hours=1)  # the resolution of a token's age


def setup_token(secret_key: str, moment: datetime | None = None) -> str:
    """The token of the set-up link made at `moment`: 32 characters of base64url."""
    return _token(secret_key, _hours(moment or now()))


def is_setup_token(given: str, secret_key: str, moment: datetime | None = None) -> bool:
    """Whether it is the token of a set-up link that is valid; no faster for one that is close."""
    newest = _hours(moment or now())
    ages = range(LIFETIME // _PERIOD + 1)
    tokens = [_token(secret_key, newest - age).encode() for age in ages]
    return any(hmac.compare_digest(given.encode(errors="replace"), token) for token in tokens)


def setup_url(base: str, secret_key: str) -> str:
    """The set-up link; `base` is the console's address without a slash at its end."""
    return f"{base}/setup?token={setup_token(secret_key)}"


def _hours(moment: datetime) -> int:
    return int(moment.timestamp() // _PERIOD.total_seconds())


def _token(secret_key: str, hour: int) -> str:
    message = f"webhooks-ui: first administrator, {hour}".encode()
    digest = hmac.digest(secret_key.encode(), message, "sha256")
    return base64.urlsafe_b64encode(digest[:24]).decode()
