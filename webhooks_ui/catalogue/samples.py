"""Samples of events, each as a receiver gets it in `data`: three bases and what differs.

Those of the platform are whole events as Chatwoot's receivers know them: flat, with all of its
fields but `pubsub_token`, a credential of the customer's widget, and with NovaTalks' `substatus`.
"""

import json
from pathlib import Path
from typing import Any

Sample = dict[str, Any]
_BASES = Path(__file__).parent / "sample_bases"


def _base(name: str) -> Sample:
    data: Sample = json.loads((_BASES / f"{name}.json").read_text(encoding="utf-8"))
    return data


_CONVERSATION, _MESSAGE, _WEBHOOK = _base("conversation"), _base("message"), _base("webhook")


def conversation_changed(key: str, previous: object, current: object, **others: object) -> Sample:
    """A conversation of which `key` changed; `others` are members that differ from the base."""
    now = {key: current} if key in _CONVERSATION else {}
    values = {"previous_value": previous, "current_value": current}
    return _CONVERSATION | now | others | {"changed_attributes": [{key: values}]}


def message(content: str) -> Sample:
    """A customer's message, with the conversation that it is the last one of."""
    (last,) = _CONVERSATION["messages"]
    texts = {"content": content, "processed_message_content": content}
    conversation = _CONVERSATION | {"messages": [last | texts]}
    return _MESSAGE | {"content": content, "conversation": conversation}


def webhook(**others: object) -> Sample:
    """A webhook of this console that fails; `others` are members that differ from the base."""
    return _WEBHOOK | others
