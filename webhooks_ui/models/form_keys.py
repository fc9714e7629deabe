"""Keys of forms that make a delivery: the same form sent twice makes one.

A key says nothing but that: ids and times are given when the delivery is made, not when its form
was, and not by the browser. They are kept as the idempotency keys of events are.
"""

import re
import secrets

from webhooks_ui.database.engine import db
from webhooks_ui.models.event import IdempotencyKey

_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


def new_key() -> str:
    """A key for a form: 128 random bits."""
    return secrets.token_urlsafe(16)


def checked(text: str) -> str:
    """The key that a form brought back; a new one where it brought none."""
    return text if _KEY.fullmatch(text) else new_key()


def made_by(key: str) -> str | None:
    """The public id of the delivery that the form with this key has made."""
    found = db.session.get(IdempotencyKey, f"form:{key}")
    return found.event_public_id if found else None


def remember(key: str, delivery_id: str) -> None:
    """Within the transaction that makes the delivery; two at once end in an IntegrityError."""
    row = IdempotencyKey(key=f"form:{key}", fingerprint="", event_public_id=delivery_id)
    db.session.add(row)
    db.session.flush()
