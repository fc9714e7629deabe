"""Who may see what was sent and answered: with VIEWER_PAYLOADS=no editors and administrators."""

from flask import current_app
from flask_login import current_user

from webhooks_ui import audit
from webhooks_ui.models import payload_index


def may_be_read() -> bool:
    """Whether the signed-in user may see payloads: of events, of requests and of their answers."""
    if not current_user.is_authenticated:
        return False
    return bool(current_user.user.may_edit or current_app.config["VIEWER_PAYLOADS"])


def may_be_searched() -> bool:
    """Whether the signed-in user may search in payloads, and there is an index of them."""
    return may_be_read() and current_app.config["PAYLOAD_SEARCH"] and payload_index.is_there()


def record_reading(object_kind: str, object_id: str, object_name: str = "") -> None:
    """Records that this page shows a payload, if it does; see `audit.payload_read`."""
    if may_be_read():
        audit.payload_read(object_kind, object_id, object_name)
