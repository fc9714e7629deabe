"""An event that never was, to try a template on."""

from dataclasses import dataclass
from typing import Any

MOMENT = "2026-01-21T12:53:20.412Z"


@dataclass(frozen=True, slots=True)
class SampleContent:
    """What formats see of it."""

    head: dict[str, Any]
    data: bytes
    envelope: bytes = b""


def sample_content(type: str, data: bytes) -> SampleContent:
    """An event of this type, in a channel as senders name them."""
    channel = {"key": "telegram-sales", "name": "Telegram sales", "kind": "telegram"}
    head = {"id": "evt_sample", "type": type, "timestamp": MOMENT, "channel": channel}
    return SampleContent(head, data)
