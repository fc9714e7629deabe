"""Templates to begin with, each as the service documents what it takes."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from webhooks_ui.catalogue.payload import JSON, Template

# Who and what, of messages, conversations and of this console's own events.
_TEXT = (
    '{%- set who = data.sender.name or data.meta.sender.name or data.webhook.name or "" -%}\n'
    '{%- set what = data.content or type ~ " #" ~ (data.id or data.webhook.id) -%}\n'
    '{%- set text = (who ~ ": " if who else "") ~ what -%}\n'
)
_SLACK = '{% set text = text|replace("&", "&amp;")|replace("<", "&lt;")|replace(">", "&gt;") -%}\n'
_TEAMS = """{
  "type": "message",
  "attachments": [{
    "contentType": "application/vnd.microsoft.card.adaptive",
    "contentUrl": null,
    "content": {
      "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
      "type": "AdaptiveCard",
      "version": "1.2",
      "body": [{"type": "TextBlock", "wrap": true, "text": {{ text|truncate(4000)|tojson }}}]
    }
  }]
}"""
_XML = """<?xml version="1.0" encoding="UTF-8"?>
<event id="{{ id|xml }}" type="{{ type|xml }}" time="{{ timestamp|xml }}">
  <channel>{{ channel.name|xml }}</channel>
  <from>{{ who|xml }}</from>
  <text>{{ what|xml }}</text>
</event>"""
_FORM = "{{ {'id': id, 'type': type, 'from': who, 'text': what}|urlencode }}"


@dataclass(frozen=True, slots=True)
class Ready:
    """A template with its name and where the service says what it takes."""

    label: Any
    template: Template
    source: str


def _ready(label: Any, body: str, source: str, content_type: str = JSON) -> Ready:
    return Ready(label, Template(_TEXT + body, content_type), source)


READY_TEMPLATES: dict[str, Ready] = {
    # At most 40,000 characters; & < > are entities.
    "slack": _ready(
        "Slack",
        _SLACK + '{"text": {{ text|truncate(39000)|tojson }}}',
        "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/",
    ),
    # 2,000 characters; without `parse` a customer's @everyone would call everyone.
    "discord": _ready(
        "Discord",
        '{"content": {{ text|truncate(1900)|tojson }}, "allowed_mentions": {"parse": []}}',
        "https://docs.discord.com/developers/resources/webhook#execute-webhook",
    ),
    # 1 to 4,096 characters; the URL ends in /bot<token>/sendMessage.
    "telegram": _ready(
        "Telegram",
        '{"chat_id": "@your_channel", "text": {{ text|truncate(4000)|tojson }}}',
        "https://core.telegram.org/bots/api#sendmessage",
    ),
    # Workflows take Adaptive Cards only, of 28 KB.
    "teams": _ready(
        "Microsoft Teams",
        _TEAMS,
        "https://learn.microsoft.com/en-us/connectors/teams/?tabs=text1,dotnet#microsoft-teams-webhook",
    ),
    "google_chat": _ready(
        "Google Chat",
        '{"text": {{ text|truncate(4000)|tojson }}}',
        "https://developers.google.com/workspace/chat/quickstart/webhooks",
        "application/json; charset=UTF-8",
    ),
    "form": _ready(
        _l("Form"),
        _FORM,
        "https://url.spec.whatwg.org/#application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded",
    ),
    "xml": _ready("XML", _XML, "https://www.w3.org/TR/xml/", "application/xml"),
}
