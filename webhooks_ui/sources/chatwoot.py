"""Chatwoot's account webhooks (Settings, Integrations, Webhooks), by its 4.15 and later.

Its body is one flat object with the event's name under `event`. Changes of a conversation come as
`conversation_updated` with one element for each changed column in `changed_attributes`; each of
ours is derived from one column, so that one request makes up to four events.
"""

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import Headers

from webhooks_ui.catalogue.event_types import canonical
from webhooks_ui.intake.event import ChannelName
from webhooks_ui.models.source import SourceOptions
from webhooks_ui.sources.base import Derived, Reading, Reason, Signature
from webhooks_ui.text.json_parts import JsonError, Number
from webhooks_ui.text.strict_json import members, values
from webhooks_ui.text.visibility import visible
from webhooks_ui.validation import name as name_rules

MESSAGES = ("message_created", "message_updated")
CHANGES = (
    *("conversation_status_changed", "conversation_substatus_changed"),
    *("assignee_changed", "team_changed"),
)
ASSIGNEE = ("assignee_id", "assignee_agent_bot_id")
CHANNEL_KINDS = {
    "WebWidget": "website",
    "Api": "api",
    "Email": "email",
    "Telegram": "telegram",
    "Whatsapp": "whatsapp",
    "FacebookPage": "facebook",
    "Instagram": "instagram",
    "Sms": "sms",
    "TwilioSms": "sms",
    "Voice": "call",
}
"""Ours, by the inbox's Ruby class without `Channel::`."""
MAX_ID = 100  # characters of an id or a name that is kept
MAX_DIGITS = 20  # of an inbox's id
_STRING = rb'"(?:[^"\\]|\\.)*+"'
# A live credential of the customer's widget, which stands in each conversation.
_CREDENTIAL = rb'"pubsub_token"\s*+:\s*+(?:%s|null)' % _STRING
_TAKEN_OUT = re.compile(rb",\s*+%s|%s\s*+,?" % (_CREDENTIAL, _CREDENTIAL), re.DOTALL)

Members = dict[str, Any]


class Chatwoot:
    """Reads and checks Chatwoot's requests."""

    identifier: ClassVar[str] = "chatwoot"
    label: ClassVar = _l("Chatwoot")
    max_bytes: ClassVar[int] = 8 * 1024 * 1024
    """An e-mail stands in it as text and HTML, several times over; what is refused is lost."""

    def signature(self, secret: str | None, headers: Headers, body: bytes) -> Signature:
        """HMAC-SHA256 over time stamp, dot and the bytes of the body.

        How old it is does not count: Chatwoot tries once, so a clock that is wrong would lose all.
        """
        if secret is None:
            return "unchecked"
        given = headers.get("X-Chatwoot-Signature", "")
        if not given:
            return "missing"
        signed = headers.get("X-Chatwoot-Timestamp", "").encode() + b"." + body
        expected = f"sha256={hmac.digest(secret.encode(), signed, 'sha256').hex()}"
        return "valid" if hmac.compare_digest(given.encode(), expected.encode()) else "wrong"

    def delivery_id(self, headers: Headers) -> str | None:
        """The UUID of the queued request; versions before 4.11.2 have none."""
        found = headers.get("X-Chatwoot-Delivery", "").strip()
        return found if 0 < len(found) <= MAX_ID and found.isprintable() else None

    def read(self, body: bytes, options: SourceOptions) -> Reading:
        """What the request means; credentials in it are taken out first."""
        body = _TAKEN_OUT.sub(b"", body) if b'"pubsub_token"' in body else body
        try:
            found = values(body)
        except JsonError:
            return Reading("", reason="not_json")
        given = _text(found, "event")
        if given is None:
            return Reading("", reason="no_event")
        name, kept = canonical(given), visible(given)[:MAX_ID]
        if name.startswith("inbox_") or isinstance(found.get("channel"), dict):
            # It holds the channel's tokens and passwords, and names neither its id nor its name.
            return Reading(kept, reason="channel_settings")
        derived = _derive(name, body, found, options)
        if isinstance(derived, str):
            return Reading(kept, reason=derived, kept_body=body)
        return Reading(kept, tuple(derived), kept_body=body)


def _derive(
    name: str, body: bytes, found: Members, options: SourceOptions
) -> list[Derived] | Reason:
    if name in MESSAGES:
        return _message(name, body, found, options)
    if name in CHANGES and "inbox_id" in found and _changes(found.get("changed_attributes")):
        # NovaTalks', which says each change by our own names; Chatwoot's never hold the change.
        return [Derived(name, body, _channel_of(found, options))]
    if name == "conversation_status_changed":
        return _status_alone(name, body, found, options)
    if name == "conversation_updated":
        return _updated(body, found, options)
    return "other_type"


def _message(
    name: str, body: bytes, found: Members, options: SourceOptions
) -> list[Derived] | Reason:
    conversation = found.get("conversation")
    # The name of a widget's event is chosen in the visitor's browser; its body has another shape.
    if _text(found, "message_type") is None or not isinstance(conversation, dict):
        return "other_shape"
    if found.get("private") is True and not options.private_notes:
        return "private_note"
    inbox = found.get("inbox")
    inbox = inbox if isinstance(inbox, dict) else {}
    key = inbox.get("id", conversation.get("inbox_id"))
    channel = _channel(key, inbox.get("name"), conversation.get("channel"), options)
    return [Derived(name, body, channel)]


def _status_alone(
    name: str, body: bytes, found: Members, options: SourceOptions
) -> list[Derived] | Reason:
    """The change that `conversation_updated` says too, under another UUID and with both values."""
    if _text(found, "status") is None or "inbox_id" not in found:
        return "other_shape"
    if not options.without_updates:
        return "said_twice"
    return [Derived(name, body, _channel_of(found, options))]


def _updated(body: bytes, found: Members, options: SourceOptions) -> list[Derived] | Reason:
    if "inbox_id" not in found or "changed_attributes" not in found:
        return "other_shape"
    if options.without_updates:
        return "updates_left_out"
    changes = [*_by_type(_changes(found.get("changed_attributes")), options)]
    if not changes:
        return "nothing_changed"
    raw = {name: member.raw for name, member in members(body).items()}
    channel = _channel_of(found, options)
    return [Derived(kind, _changed(kind, raw, kept), channel) for kind, kept in changes]


def _by_type(changes: Mapping[str, Any], options: SourceOptions) -> Iterator[tuple[str, Any]]:
    """Our types with the changes that each of them carries."""
    if "status" in changes:
        yield "conversation_status_changed", {"status": changes["status"]}
    if (key := options.substatus_key) and "custom_attributes" in changes:
        change = changes["custom_attributes"]
        before, after = (_member(change.get(at), key) for at in ("previous_value", "current_value"))
        if before != after:
            values = {"previous_value": before, "current_value": after}
            yield "conversation_substatus_changed", {"substatus": values}
    # One event for a bot that hands over to an agent, with both keys: their ids overlap.
    if assignee := {key: changes[key] for key in ASSIGNEE if key in changes}:
        yield "assignee_changed", assignee
    if "team_id" in changes:
        yield "team_changed", {"team_id": changes["team_id"]}


def _changed(type: str, conversation: Mapping[str, bytes], changes: Mapping[str, Any]) -> bytes:
    """The conversation with the changes of one type alone.

    Its attributes are those of the time at which Chatwoot ran the job, after a later change too;
    only the changes are of the moment, so the status is taken from them.
    """
    raw = dict(conversation)
    for key in ("status", "substatus"):
        if key in changes:
            raw[key] = _json(changes[key].get("current_value")).encode()
    raw["event"] = _json(type).encode()
    listed = [{key: value} for key, value in changes.items()]
    raw["changed_attributes"] = _json(listed).encode()
    return b"{%s}" % b",".join(_json(name).encode() + b":" + value for name, value in raw.items())


def _changes(listed: Any) -> dict[str, dict[str, Any]]:
    """The changes by column; empty where Chatwoot knows none."""
    return {
        key: value
        for each in (listed if isinstance(listed, list) else ())
        for key, value in (each.items() if isinstance(each, dict) else ())
        if isinstance(value, dict)
    }


def _channel_of(found: Members, options: SourceOptions) -> ChannelName | None:
    return _channel(found.get("inbox_id"), None, found.get("channel"), options)


def _channel(
    inbox_id: Any, name: Any, ruby_class: Any, options: SourceOptions
) -> ChannelName | None:
    """The channel, and what to call it while no message has named it. None without an inbox."""
    if not isinstance(inbox_id, Number) or not inbox_id.isdecimal() or len(inbox_id) > MAX_DIGITS:
        return None
    label = ruby_class.removeprefix("Channel::") if isinstance(ruby_class, str) else ""
    given = name.strip() if type(name) is str else ""
    given = "" if name_rules.problem(given) else given
    new_name = " ".join(part for part in (label, str(inbox_id)) if part)[:200]
    key = f"{options.channel_prefix}{inbox_id}"
    return ChannelName(key, given or None, CHANNEL_KINDS.get(label), new_name)


def _text(found: Members, name: str) -> str | None:
    value = found.get(name)
    return value if type(value) is str else None


def _member(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _json(value: Any) -> str:
    """The value as JSON, its numbers as they were written."""
    match value:
        case Number():
            return str(value)
        case dict():
            inside = ",".join(f"{_json(name)}:{_json(each)}" for name, each in value.items())
            return f"{{{inside}}}"
        case list():
            return f"[{','.join(map(_json, value))}]"
        case _:
            return json.dumps(value)  # in ASCII: half of a surrogate pair could not be encoded
