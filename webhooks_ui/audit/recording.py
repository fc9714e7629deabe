"""Writing entries: with the change that they are about, or by themselves."""

import logging
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, exists, insert, select
from sqlalchemy.orm import Session

from webhooks_ui.audit import actor as actors
from webhooks_ui.audit.actor import Actor
from webhooks_ui.audit.entry import AuditEntry, topic_of
from webhooks_ui.database.engine import REFUSED, db, is_writing, transaction, write_if_free
from webhooks_ui.database.types import now
from webhooks_ui.text.folding import folded

READING = timedelta(hours=1)  # who reads the same payload again within it makes no new entry
MAX_TEXT = 1000  # characters of a value
_PENDING = "audit_entries"  # in the session's `info`
_LOST = "Not in the audit log, the database cannot be written: %s"
_COLUMNS = AuditEntry.__table__.c
_log = logging.getLogger("webhooks_ui.audit")


def record(
    action: str,
    object_kind: str | None = None,
    object_id: object = None,
    object_name: str = "",
    *,
    changes: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
    actor: Actor | None = None,
) -> None:
    """Records an entry in the caller's transaction, or in one of its own where there is none."""
    values = _values(action, object_kind, object_id, object_name, actor or actors.current())
    values |= {"changes": _shortened(changes), "details": _shortened(details)}
    with nullcontext() if is_writing() else transaction():
        db.session.info.setdefault(_PENDING, []).append(values)


def record_once(
    action: str,
    object_kind: str,
    object_id: str,
    object_name: str = "",
    *,
    within: timedelta,
    actor: Actor | None = None,
) -> bool:
    """Records an entry unless the same actor has one about the same object `within` that time.

    Best effort, for requests that only read: a database that is busy, full or may not be written
    fails nothing, and the next request tries again. Returns whether there is an entry now.
    """
    values = _values(action, object_kind, object_id, object_name, actor or actors.current())
    same = ("action", "object_kind", "object_id", "actor_kind", "actor_id", "address")
    earlier = exists().where(
        *(_COLUMNS[name].is_not_distinct_from(values[name]) for name in same),
        # Not later ones: the clock was ahead when these were made.
        AuditEntry.created_at.between(values["created_at"] - within, values["created_at"] + within),
    )
    if db.session.scalar(select(earlier)):
        return True
    row = select(*(bindparam(None, values[name], _COLUMNS[name].type) for name in values))
    is_written = write_if_free(insert(AuditEntry).from_select([*values], row.where(~earlier)))
    if not is_written:
        _log.warning(_LOST, action)
    return is_written


def payload_read(object_kind: str, object_id: str, object_name: str = "") -> None:
    """Records that the payload of an event or a delivery is shown; one entry an hour."""
    record_once("payload.read", object_kind, object_id, object_name, within=READING)


def exported(action: str, object_kind: str, object_id: str | None = None, **details: Any) -> None:
    """Records a download; it is made, with a line in the log, where the database lets nobody write.

    What the session has loaded is read again.
    """
    try:
        record(action, object_kind, object_id, details=details)
    except REFUSED:
        _log.warning(_LOST, action)


def take_pending(session: Session) -> list[dict[str, Any]]:
    """The entries of this transaction that are not in the database yet."""
    found: list[dict[str, Any]] = session.info.pop(_PENDING, [])
    return found


def _shortened(facts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The facts as JSON can hold them, with long texts cut."""
    return {name: _plain(value) for name, value in facts.items()} if facts else None


def _values(
    action: str, object_kind: str | None, object_id: object, object_name: str, actor: Actor
) -> dict[str, Any]:
    return {
        "created_at": now(),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "address": actors.address(),
        "session_id": actor.session_id,
        "topic": topic_of(action),
        "action": action,
        "object_kind": object_kind,
        "object_id": None if object_id is None else str(object_id)[:200],
        "object_name": object_name[:200],
        "search_text": folded(object_name[:200]),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
