"""Examples of calls with curl and Python, to be copied."""

import json
import pprint
import re
import shlex
from typing import Any

from webhooks_ui.text.pretty_json import pretty

EVENT: dict[str, Any] = {
    "type": "message_created",
    "channel": {"key": "telegram-sales", "name": "Telegram sales", "kind": "telegram"},
    "data": {"id": 9001, "content": "Добрий день"},
    "id": "message-9001",
}
BODIES: dict[str, dict[str, Any]] = {
    "events_take": EVENT,
    "events_take_batch": {"events": [EVENT, EVENT | {"id": "message-9002"}]},
    "webhooks_make": {
        "name": "CRM",
        "url": "https://crm.example/hook",
        "authorization": {"type": "basic", "login": "nova", "password": "…"},
        "events": ["message_created", "conversation_status_changed"],
    },
    "webhooks_change": {"enabled": False},
    "channels_make": {"key": "4", "name": "Website", "kind": "website"},
    "channels_change": {"name": "Shop"},
    "deliveries_test": {"type": "message_created"},
}
IDS = {
    "events": "evt_01kfg7gq6v4s6z0m8q9t3w5xyb",
    "webhooks": "wh_01kfg7gq6v4s6z0m8q9t3w5xyb",
    "channels": "ch_01kfg7gq6v4s6z0m8q9t3w5xyb",
    "deliveries": "dlv_01kfg7gq6v4s6z0m8q9t3w5xyb",
    "sources": "src_01kfg7gq6v4s6z0m8q9t3w5xyb",
}


def address(base: str, path: str) -> str:
    """Where an operation is called, with an id of the right kind in place of `{id}`."""
    return base + re.sub(r"\{\w+\}", IDS[path.split("/")[1]], path)


def curl(method: str, url: str, body: dict[str, Any] | None) -> str:
    """A call with curl; the token stands in the environment."""
    lines = [
        f"curl -X {method} {shlex.quote(url)}",
        '-H "Authorization: Bearer $TOKEN"',
    ]
    if body is not None:
        text = pretty(json.dumps(body, ensure_ascii=False).encode())
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(text)}"]
    return " \\\n  ".join(lines)


def python(method: str, url: str, body: dict[str, Any] | None) -> str:
    """A call with Python's requests; the token stands in the environment."""
    sent = pprint.pformat(body, sort_dicts=False, width=76) if body is not None else ""
    given = f"\n    json={sent.replace(chr(10), chr(10) + '         ')}," if sent else ""
    return (
        "import os\n\nimport requests\n\n"
        f"answer = requests.{method.lower()}(\n"
        f"    {json.dumps(url)},\n"
        """    headers={"Authorization": f"Bearer {os.environ['TOKEN']}"},"""
        f"{given}\n    timeout=30,\n)\n"
        "answer.raise_for_status()\n" + ("" if method == "DELETE" else "print(answer.json())\n")
    )
