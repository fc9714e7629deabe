"""An entry of the audit log in the reader's words. Templates have it as the filter `entry_text`."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from flask import url_for
from flask_babel import gettext as _

from webhooks_ui.audit import AuditEntry
from webhooks_ui.authorization.kinds import KINDS
from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.catalogue.payload_formats import FORMATS
from webhooks_ui.explanations import audit_words
from webhooks_ui.web.i18n import written
from webhooks_ui.web.localised import absolute
from webhooks_ui.web.roles import LABELS, may

_PAGES = {
    "webhook": "webhooks.show",
    "delivery": "deliveries.show",
    "event": "events.show",
    "recovery": "recoveries.show",
    "channel": "channels.edit",
    "source": "sources.show",
    "token": "jump.show",
    "user": "people.show",
}
"""A token's row is found by “Jump to…”, on whichever page of the list it is."""
_WORDS: dict[str, Mapping[str, Any]] = {
    "role": LABELS,
    "kind": CHANNEL_KINDS,
    "payload_format": {code: one.label for code, one in FORMATS.items()},
    "auth_type": {code: kind.label for code, kind in KINDS.items()},
    "disabled_reason": audit_words.REASONS,
}
"""What the values of a field are called where people choose them, by their codes."""
_TIMES = ("expires_at", "paused_until", "since", "until", "deleted_at")
_SAID_BY_THE_ACTION = {
    "webhook.enabled": ("enabled", "disabled_reason"),
    "webhook.disabled": ("enabled",),
    "webhook.deleted": ("deleted_at",),
    "webhook.restored": ("deleted_at",),
}


class Change(NamedTuple):
    """A field before and after; both are None where only the change is told."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class EntryText:
    """An entry in words. `page` is where its object is shown, None where there is no such page."""

    action: str
    actor: str
    changes: list[Change]
    details: list[tuple[str, str]]
    page: str | None


def entry_text(entry: AuditEntry, still_there: Container[Any] = ()) -> EntryText:
    """The entry in the reader's language; `still_there` as `audit_list.still_there` says."""
    said = _SAID_BY_THE_ACTION.get(entry.action, ())
    changes = (entry.changes or {}).items()
    return EntryText(
        action=str(audit_words.ACTIONS.get(entry.action, entry.action)),
        actor=str(audit_words.ACTORS.get(entry.actor_kind, entry.actor_kind)),
        changes=[_change(name, pair) for name, pair in changes if name not in said],
        details=[(_label(name), _value(name, v)) for name, v in (entry.details or {}).items()],
        page=_page(entry) if (entry.object_kind, entry.object_id) in still_there else None,
    )


def _change(name: str, pair: list[Any] | None) -> Change:
    if pair is None:
        return Change(_label(name), None, None)
    before, after = (_value(name, value) for value in pair)
    return Change(_label(name), before, after)


def _label(name: str) -> str:
    return written(audit_words.FIELDS).get(name, name)


def _value(name: str, value: Any) -> str:
    if value is None or value in ("", [], {}):
        return str(_("All channels")) if name == "channel_id" else "–"
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {one}" for key, one in value.items() if one not in (None, ""))
    if isinstance(value, list):
        return ", ".join(_word(str(one)) for one in value)
    if name in _TIMES:
        return _time(str(value))
    return str(_WORDS[name].get(value, value)) if name in _WORDS else _word(str(value))


def _word(code: str) -> str:
    known = ALL_TYPES.get(code)
    return str(known.label) if known else code


def _time(text: str) -> str:
    try:
        return absolute(datetime.fromisoformat(text))
    except ValueError:
        return text


def _page(entry: AuditEntry) -> str | None:
    endpoint = _PAGES.get(entry.object_kind or "")
    if not endpoint or not entry.object_id or not may(endpoint, "GET"):
        return None
    if endpoint == "jump.show":
        return url_for(endpoint, q=entry.object_id)
    return url_for(endpoint, id=entry.object_id)
