"""What each of Chatwoot's bodies means to us, by the rules of the catalogue's six types."""

import json
from typing import Any

import pytest

from tests.sources.chatwoot import BODIES, NAMES, SECRET, body, changed
from webhooks_ui.models.source import SourceOptions
from webhooks_ui.sources.base import Derived, Reading
from webhooks_ui.sources.chatwoot import Chatwoot

MADE = {
    "conversation_updated_assignee": ["assignee_changed"],
    "conversation_updated_unassigned": ["assignee_changed"],
    "conversation_updated_status": ["conversation_status_changed"],
    "conversation_updated_team_and_assignee": ["assignee_changed", "team_changed"],
    "message_created_attachment": ["message_created"],
    "message_created_bot": ["message_created"],
    "message_created_incoming": ["message_created"],
    "message_created_outgoing_agent": ["message_created"],
    "message_updated_failed": ["message_updated"],
    "message_updated_status_only": ["message_updated"],
}
"""Bodies that make events; no other does."""
REASONS = {
    "message_created_private_note": "private_note",
    "conversation_status_changed": "said_twice",
    "conversation_updated_labels": "nothing_changed",
    "conversation_updated_custom_attributes": "nothing_changed",
    "inbox_created": "channel_settings",
    "inbox_updated": "channel_settings",
}


def read(sent: bytes, **options: Any) -> Reading:
    return Chatwoot().read(sent, SourceOptions(**options))


def only(reading: Reading) -> tuple[Derived, dict[str, Any]]:
    (event,) = reading.events
    return event, json.loads(event.data)


@pytest.mark.parametrize("name", NAMES)
def test_each_body(name: str) -> None:
    reading = read(body(name))
    assert [each.type for each in reading.events] == MADE.get(name, [])
    assert reading.reason == (None if name in MADE else REASONS.get(name, "other_type"))
    for each in reading.events:
        assert b"pubsub_token" not in each.data
        assert json.loads(each.data)["event"] == each.type


@pytest.mark.parametrize("name", NAMES)
def test_no_credential_is_kept(name: str) -> None:
    kept = read(body(name)).kept_body
    assert (kept is None) is name.startswith("inbox_")
    assert b"INVENTED-pubsub" not in (kept or b"")
    json.loads(kept or b"{}")


@pytest.mark.parametrize(
    "text",
    [
        b'{"pubsub_token":"a\\"b","event":"x"}',
        b'{"event":"x","pubsub_token": null}',
        b'{"event":"x", "c" : {"pubsub_token":"t"}, "d":[1, {"a":2,"pubsub_token":"t","b":3}]}',
    ],
)
def test_the_credential_leaves_json_behind(text: bytes) -> None:
    kept = read(text).kept_body
    assert kept is not None
    assert b"pubsub_token" not in kept
    assert json.loads(kept)["event"] == "x"


def test_a_text_that_looks_like_the_credential_stays() -> None:
    said = 'my "pubsub_token":"secret", see'
    _event, data = only(read(body("message_created_incoming", content=said)))
    assert data["content"] == said


def test_a_message_is_passed_on_byte_for_byte_but_for_the_credential() -> None:
    sent = (BODIES / "raw/message_created_incoming.body").read_bytes()
    event, _data = only(read(sent))
    token = b',"pubsub_token":"INVENTED-pubsub-token-000"'
    assert event.data == sent.replace(token, b"")


def test_a_status_is_that_of_the_change_and_alone_in_it() -> None:
    sent = changed(status=("open", "snoozed"), waiting_since=(1, 2), updated_at=("a", "b"))
    event, data = only(read(sent))
    assert event.type == "conversation_status_changed"
    assert data["status"] == "snoozed"
    values = {"previous_value": "open", "current_value": "snoozed"}
    assert data["changed_attributes"] == [{"status": values}]


def test_one_update_makes_up_to_four() -> None:
    sent = changed(
        status=("open", "pending"),
        custom_attributes=({"substatus": "hold"}, {"substatus": "interacting"}),
        assignee_id=(7, None),
        team_id=(None, 3),
    )
    reading = read(sent, substatus_key="substatus")
    assert [each.type for each in reading.events] == [
        *("conversation_status_changed", "conversation_substatus_changed"),
        *("assignee_changed", "team_changed"),
    ]


def test_a_bot_that_hands_over_makes_one_event_with_both_keys() -> None:
    event, data = only(read(changed(assignee_agent_bot_id=(3, None), assignee_id=(None, 7))))
    assert event.type == "assignee_changed"
    (change,) = [{key: v for each in data["changed_attributes"] for key, v in each.items()}]
    assert set(change) == {"assignee_id", "assignee_agent_bot_id"}


def test_a_bot_alone_keeps_its_own_key() -> None:
    event, data = only(read(changed(assignee_agent_bot_id=(None, 3))))
    assert event.type == "assignee_changed"
    assert [*data["changed_attributes"][0]] == ["assignee_agent_bot_id"]


def test_the_substatus_is_the_attribute_that_the_operator_names() -> None:
    sent = body("conversation_updated_custom_attributes")
    assert read(sent).reason == "nothing_changed"
    assert read(sent, substatus_key="other").reason == "nothing_changed"
    event, data = only(read(sent, substatus_key="substatus"))
    assert event.type == "conversation_substatus_changed"
    assert data["substatus"] == "hold"
    values = {"previous_value": "interacting", "current_value": "hold"}
    assert data["changed_attributes"] == [{"substatus": values}]


def test_the_status_pair_makes_one_event_whichever_of_them_is_taken() -> None:
    updated, alone = body("conversation_updated_status"), body("conversation_status_changed")
    assert [bool(read(each).events) for each in (updated, alone)] == [True, False]
    told = [read(each, without_updates=True) for each in (updated, alone)]
    assert [bool(each.events) for each in told] == [False, True]
    assert told[0].reason == "updates_left_out"
    _event, data = only(told[1])
    assert data["status"] == "resolved"
    assert data["changed_attributes"] is None


def test_private_notes_are_taken_where_they_are_asked_for() -> None:
    event, data = only(read(body("message_created_private_note"), private_notes=True))
    assert (event.type, data["private"]) == ("message_created", True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("message_created", "other_shape"),
        ("conversation_updated", "other_shape"),
        ("conversation_status_changed", "other_shape"),
        ("assignee.changed", "other_type"),
        ("inbox_created", "channel_settings"),
    ],
)
def test_a_widget_cannot_send_another_event(name: str, reason: str) -> None:
    change = [{"assignee_id": {"previous_value": None, "current_value": 7}}]
    forged = body("webwidget_triggered", event=name, changed_attributes=change)
    assert read(forged, without_updates=True).reason == reason


@pytest.mark.parametrize(
    ("sent", "becomes"),
    [
        # The noise of each message and each reply; what an SLA sends.
        (changed(waiting_since=(None, 1), updated_at=("a", "b")), "nothing_changed"),
        (changed(waiting_since=(1, None), first_reply_created_at=(None, "a")), "nothing_changed"),
        (body("conversation_updated_status", changed_attributes=None), "nothing_changed"),
        (changed(label_list=(["a"], ["b"]), cached_label_list=("a", "b")), "nothing_changed"),
        # A bot or a team is taken away.
        (changed(assignee_agent_bot_id=(3, None)), ["assignee_changed"]),
        (changed(team_id=(3, None)), ["team_changed"]),
        # A survey has no sender, a deleted message no content; an older message is none of those
        # that the conversation shows.
        (
            body("message_created_incoming", message_type="template", sender=None),
            ["message_created"],
        ),
        (body("message_updated_status_only", content=None, id=1), ["message_updated"]),
        # What comes of an unloaded page, and what agent bots get besides.
        (body("webwidget_triggered", contact=None, current_conversation=None), "other_type"),
        (body("conversation_status_changed", event="conversation_opened"), "other_type"),
        (body("conversation_status_changed", event="conversation_resolved"), "other_type"),
    ],
)
def test_what_no_sample_shows(sent: bytes, becomes: str | list[str]) -> None:
    reading = read(sent)
    assert [each.type for each in reading.events] == ([] if reading.reason else becomes)
    assert reading.reason in (None, becomes)


def test_channels() -> None:
    message, _ = only(read(body("message_created_incoming")))
    assert message.channel is not None
    assert message.channel.key == "4"
    assert (message.channel.name, message.channel.kind) == ("Telegram sales", "telegram")
    update, _ = only(read(body("conversation_updated_status"), channel_prefix="acme-"))
    assert update.channel is not None
    assert (update.channel.key, update.channel.name) == ("acme-4", None)
    assert update.channel.new_name == "Telegram 4"
    gone, _ = only(read(body("conversation_updated_status", channel=None)))
    assert gone.channel is not None
    assert gone.channel.new_name == "4"
    nowhere, _ = only(read(body("conversation_updated_status", inbox_id=None)))
    assert nowhere.channel is None


def test_numbers_come_out_as_they_were_written() -> None:
    sent = changed(team_id=(12345678901234567890, 1.50))
    event, _ = only(read(sent.replace(b"1.5}", b"1.50}")))
    assert b"12345678901234567890" in event.data
    assert b"1.50}" in event.data


def test_dotted_names_are_the_same_events() -> None:
    event, _ = only(read(body("message_created_incoming", event="message.created")))
    assert event.type == "message_created"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("conversation.status.changed", "status"),
        ("conversation.substatus.changed", "substatus"),
        ("assignee.changed", "assignee_id"),
        ("team.changed", "team_id"),
    ],
)
def test_a_change_by_its_own_name_is_taken_as_it_is(name: str, key: str) -> None:
    change = [{key: {"previous_value": None, "current_value": 7}}]
    sent = body("conversation_updated_status", event=name, changed_attributes=change)
    event, data = only(read(sent))
    assert event.type == name.replace(".", "_")
    assert (data["event"], data["changed_attributes"]) == (name, change)
    assert event.channel is not None


@pytest.mark.parametrize(
    "odd",
    [
        *(b"", b"[]", b"{", b"\xff", b'{"event":1}', b'{"event":"conversation_updated"}'),
        *(b'{"event":"message_created","conversation":1,"message_type":1}', b'{"event":{}}'),
        *(changed(status=("a", 1)), changed(custom_attributes=(None, 3))),
        body("conversation_updated_status", changed_attributes=[1, {"status": 2}, {}]),
    ],
)
def test_odd_bodies_are_read(odd: bytes) -> None:
    reading = read(odd, substatus_key="substatus", private_notes=True)
    assert bool(reading.events) != bool(reading.reason)


@pytest.mark.parametrize(
    "name",
    ["message_created_incoming", "conversation_updated_assignee", "conversation_status_changed"],
)
def test_signatures_of_bytes_on_the_wire(name: str) -> None:
    from werkzeug.datastructures import Headers

    sent = (BODIES / f"raw/{name}.body").read_bytes()
    given = Headers(json.loads((BODIES / f"raw/{name}.headers.json").read_text()))
    assert Chatwoot().signature(SECRET, given, sent) == "valid"
    assert Chatwoot().signature(f"{SECRET}x", given, sent) == "wrong"
    assert Chatwoot().signature(SECRET, given, json.dumps(json.loads(sent)).encode()) == "wrong"
    assert Chatwoot().signature(SECRET, Headers(), sent) == "missing"
    assert Chatwoot().signature(None, given, sent) == "unchecked"
