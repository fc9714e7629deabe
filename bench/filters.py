"""What filters cost at intake, in microseconds of one core for each event."""

import time
from collections.abc import Callable
from functools import partial

from tests.sources.chatwoot import body
from webhooks_ui.text.filters import Condition, Filters, parsed

ROUNDS, TURNS = 5, 100
LONGEST = 33_000  # times the text, as long as Chatwoot's longest message
READY = (
    Condition("message_type", "equals", "incoming"),
    Condition("private", "not_equals", True),
    Condition("sender.type", "not_equals", "agent_bot"),
)
PATTERN = Condition("content", "matches", "(?i)refund|повернення")


def filters(_database: str) -> dict[str, float]:
    """To read the data, once for each event, and to evaluate conditions, once for each webhook."""
    name = "message_created_incoming"
    sizes = {"": body(name), " of a long message": body(name, content="Добрий день " * LONGEST)}
    found: dict[str, float] = {}
    for of, data in sizes.items():
        values = parsed(data)
        found[f"bytes{of}"] = len(data)
        found[f"read{of}, µs"] = _cost(partial(parsed, data))
        for label, chosen in (("three conditions", READY), ("a pattern", (PATTERN,))):
            them = Filters("all", chosen)
            found[f"{label}{of}, µs"] = _cost(partial(them.unmet, values))
    return found


def _cost(work: Callable[[], object]) -> float:
    """Microseconds of this thread, the best of some rounds."""
    work()
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.thread_time()
        for _ in range(TURNS):
            work()
        best = min(best, time.thread_time() - began)
    return round(best / TURNS * 1e6, 1)
