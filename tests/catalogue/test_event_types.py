"""The catalogue: the six events of the platform, each with a sample its receivers would know."""

import json

import pytest

from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.catalogue.event_types import ALL_TYPES, EVENT_TYPES, EventType

LABELS = {
    "conversation_status_changed": "Conversation status changed",
    "conversation_substatus_changed": "Conversation substatus changed",
    "message_created": "Message created",
    "message_updated": "Message updated",
    "assignee_changed": "Assignee changed",
    "team_changed": "Team changed",
}
CHANGED = {
    "conversation_status_changed": "status",
    "conversation_substatus_changed": "substatus",
    "assignee_changed": "assignee_id",
    "team_changed": "team_id",
}
each_type = pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=EVENT_TYPES)


def test_the_events_are_those_of_the_platform_in_its_order() -> None:
    assert {name: str(kind.label) for name, kind in EVENT_TYPES.items()} == LABELS
    assert list(EVENT_TYPES) == list(LABELS)
    changed = {name: kind.changed_key for name, kind in EVENT_TYPES.items() if kind.changed_key}
    assert changed == CHANGED


@each_type
def test_each_has_one_sentence_and_a_readable_sample(kind: EventType) -> None:
    meaning = str(kind.meaning)
    assert meaning.endswith(".")
    assert meaning.count(".") == 1
    text = ALL_TYPES[kind.identifier].sample_text
    assert json.loads(text) == kind.sample
    assert "Олена Коваль" in text
    assert text == json.dumps(kind.sample, ensure_ascii=False, indent=2)


@each_type
def test_each_sample_is_chatwoots_flat_body(kind: EventType) -> None:
    sample = kind.sample
    assert sample["event"] == kind.identifier
    conversation = sample["conversation"] if "message" in kind.identifier else sample
    assert conversation["id"] == 217
    assert conversation["meta"]["assignee"]["name"] == "Ivan Petrenko"
    if "message" in kind.identifier:
        assert sample["inbox"] == {"id": 4, "name": "Telegram sales"}
        assert sample["content"] == conversation["messages"][0]["content"]


@each_type
def test_a_change_carries_from_and_to(kind: EventType) -> None:
    if kind.changed_key is None:
        assert "changed_attributes" not in kind.sample
        return
    (change,) = kind.sample["changed_attributes"]
    values = change[kind.changed_key]
    assert set(values) == {"previous_value", "current_value"}
    assert values["previous_value"] != values["current_value"]
    meta = kind.sample["meta"]
    now = {"assignee_id": meta["assignee"]["id"], "team_id": meta["team"]["id"]} | kind.sample
    assert now[kind.changed_key] == values["current_value"]


def test_a_sample_is_a_new_copy_each_time() -> None:
    kind = EVENT_TYPES["message_created"]
    kind.sample["conversation"].clear()
    assert kind.sample["conversation"]["id"] == 217


def test_channel_kinds_begin_with_the_platforms_own() -> None:
    own = ["website", "api", "email", "call", "telegram", "viber", "whatsapp"]
    assert list(CHANNEL_KINDS) == [*own, "facebook", "instagram", "sms", "other"]
    assert all(str(label) for label in CHANNEL_KINDS.values())


# What Chatwoot's webhooks send (its presenters, 4.15), without `pubsub_token`; and `substatus`.
CONVERSATION = {
    *("account", "additional_attributes", "agent_last_seen_at", "can_reply", "channel"),
    *("contact_inbox", "contact_last_seen_at", "created_at", "custom_attributes"),
    *("first_reply_created_at", "id", "inbox_id", "labels", "last_activity_at", "messages"),
    *("meta", "priority", "snoozed_until", "status", "substatus", "timestamp", "unread_count"),
    *("updated_at", "waiting_since"),
}
MESSAGE = {
    *("account", "additional_attributes", "content", "content_attributes", "content_type"),
    *("conversation", "created_at", "id", "inbox", "message_type", "private", "sender"),
    "source_id",
}
LAST_MESSAGE = {
    *("account_id", "additional_attributes", "content", "content_attributes", "content_type"),
    *("conversation", "conversation_id", "created_at", "external_source_ids", "id", "inbox_id"),
    *("message_type", "private", "processed_message_content", "sender", "sender_id"),
    *("sender_type", "sentiment", "source_id", "status", "updated_at"),
}
CONTACT = {
    *("additional_attributes", "blocked", "custom_attributes", "email", "id", "identifier"),
    *("name", "phone_number", "thumbnail"),
}


@each_type
def test_each_sample_has_the_fields_that_chatwoot_sends(kind: EventType) -> None:
    sample = kind.sample
    is_message = "message" in kind.identifier
    conversation = sample["conversation"] if is_message else sample
    assert set(conversation) - {"event", "changed_attributes"} == CONVERSATION
    assert set(conversation["meta"]) == {
        *("assignee", "assignee_type", "hmac_verified", "sender", "team")
    }
    assert set(conversation["meta"]["sender"]) == CONTACT | {"type"}
    assert set(conversation["messages"][0]) == LAST_MESSAGE
    assert "pubsub_token" not in kind.sample_text
    if is_message:
        assert set(sample) - {"event"} == MESSAGE
        assert set(sample["sender"]) == CONTACT | {"account", "avatar"}
        assert sample["content"] == conversation["messages"][0]["processed_message_content"]
