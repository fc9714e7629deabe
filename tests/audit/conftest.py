"""The entries of the audit log, as tests look at them."""

from typing import Any

from flask import Flask
from sqlalchemy import select

from webhooks_ui.audit import AuditEntry
from webhooks_ui.database.engine import db


def entries(app: Flask, **wanted: Any) -> list[AuditEntry]:
    """The entries with these values, the oldest first, detached."""
    with app.app_context():
        query = select(AuditEntry).filter_by(**wanted).order_by(AuditEntry.id)
        found = list(db.session.scalars(query))
        db.session.expunge_all()
        return found


def actions(app: Flask) -> list[str]:
    """What was done, the oldest first."""
    return [entry.action for entry in entries(app)]


def only(app: Flask, action: str) -> AuditEntry:
    """The one entry of this action."""
    (found,) = entries(app, action=action)
    return found
