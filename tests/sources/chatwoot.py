"""Chatwoot as a sender: its bodies as bytes on the wire, signed as it signs them."""

import hmac
import json
from pathlib import Path
from typing import Any

from flask import Flask

from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models.source import Source, SourceOptions

BODIES = Path(__file__).with_name("bodies")
NAMES = sorted(file.stem for file in BODIES.glob("*.json"))
SECRET = (BODIES / "raw/secret.txt").read_text().strip()
PATH = "/api/v1/sources/chatwoot"


def body(name: str, **changes: Any) -> bytes:
    """A body as Rails writes it: compact, Cyrillic in the clear, `<`, `>` and `&` escaped."""
    data = json.loads((BODIES / f"{name}.json").read_text()) | changes
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode()


def changed(**values: tuple[Any, Any]) -> bytes:
    """A `conversation_updated` with these columns changed, each from and to."""
    listed = [
        {key: {"previous_value": before, "current_value": after}}
        for key, (before, after) in values.items()
    ]
    return body("conversation_updated_status", changed_attributes=listed)


def headers(
    sent: bytes, delivery: str, secret: str | None = SECRET, at: int = 1_769_000_001
) -> dict[str, str]:
    """The headers of an attempt at this time."""
    found = {"Content-Type": "application/json", "Accept": "application/json"}
    found |= {"X-Chatwoot-Delivery": delivery}
    if secret is not None:
        digest = hmac.new(secret.encode(), b"%d." % at + sent, "sha256").hexdigest()
        found |= {"X-Chatwoot-Timestamp": str(at), "X-Chatwoot-Signature": f"sha256={digest}"}
    return found


def make_source(app: Flask, secret: str | None = SECRET, **options: Any) -> str:
    """The token of a new source."""
    with app.app_context(), transaction():
        source = Source(name="Acme", kind="chatwoot", public_id=new_source_id())
        token = source.issue_token()
        source.sign_with(secret, current_vault())
        source.choose(SourceOptions(**options))
        db.session.add(source)
    return token


def new_source_id() -> str:
    """A public id, which the secret is bound to."""
    from webhooks_ui.models.public_ids import SOURCE, new_id

    return new_id(SOURCE)


def store_noted(app: Flask) -> None:
    """Stores now what the pages of sources show a moment later."""
    if requests := app.extensions.get("source_requests"):
        requests.store()
