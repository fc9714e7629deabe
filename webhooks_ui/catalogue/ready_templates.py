"""Templates to begin with, each as its service documents what it takes; `source` is that page.

Limits: Slack cuts a text at 40,000 characters (docs.slack.dev/reference/methods/chat.postMessage),
Discord refuses a `content` over 2,000 and Telegram a `text` over 4,096, and all three an empty one.
A Teams message has about 28 KB, cards and all (learn.microsoft.com/connectors/teams, "Message size
limitation"), one of Google Chat 32,000 bytes (reference/rest/v1/spaces.messages/create). What is in
a customer's text must call nobody: Slack and Google Chat take ``<…>`` for mentions of everyone
(docs.slack.dev/messaging/formatting-message-text, workspace/chat/format-messages).
"""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from webhooks_ui.catalogue.payload import JSON, Template, Text

# Who and what, of messages, conversations and of this console's own events.
_TEXT = (
    '{%- set who = data.sender.name or data.meta.sender.name or data.webhook.name or "" -%}\n'
    '{%- set said = (data.content or "")|trim -%}\n'
    '{%- set what = data.content if said else type ~ " #" ~ (data.id or data.webhook.id) -%}\n'
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

    label: Text
    template: Template
    source: str


def _ready(label: Text, body: str, source: str, content_type: str = JSON) -> Ready:
    return Ready(label, Template(_TEXT + body, content_type), source)


READY_TEMPLATES: dict[str, Ready] = {
    # & < > are entities.
    "slack": _ready(
        "Slack",
        _SLACK + '{"text": {{ text|truncate(39000)|tojson }}}',
        "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/",
    ),
    # Without `parse` a customer's @everyone would call everyone.
    "discord": _ready(
        "Discord",
        '{"content": {{ text|truncate(1900)|tojson }}, "allowed_mentions": {"parse": []}}',
        "https://docs.discord.com/developers/resources/webhook#execute-webhook",
    ),
    # The URL ends in /bot<token>/sendMessage.
    "telegram": _ready(
        "Telegram",
        '{"chat_id": "@your_channel", "text": {{ text|truncate(4000)|tojson }}}',
        "https://core.telegram.org/bots/api#sendmessage",
    ),
    # Workflows take Adaptive Cards only.
    "teams": _ready(
        "Microsoft Teams",
        _TEAMS,
        "https://learn.microsoft.com/en-us/connectors/teams/?tabs=text1,dotnet#microsoft-teams-webhook",
    ),
    # <users/all> would call everyone, and nothing escapes it.
    "google_chat": _ready(
        "Google Chat",
        '{"text": {{ text|replace("<", "‹")|truncate(4000)|tojson }}}',
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
