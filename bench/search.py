"""What search in payloads costs: an event in the worker, on disk, and a search."""

import random
import time
from collections.abc import Callable

from bench.size import bytes_on_disk
from bench.stage import app_on, percentile, webhooks
from tests.sources.chatwoot import body
from webhooks_ui.database.engine import transaction
from webhooks_ui.database.types import now
from webhooks_ui.intake import accept
from webhooks_ui.intake.event import IncomingEvent
from webhooks_ui.jobs import indexing
from webhooks_ui.models import payload_index
from webhooks_ui.models.delivery_list import DeliveryFilter
from webhooks_ui.models.row_gaps import RowGaps
from webhooks_ui.text import words

EVENTS, AT_ONCE, TURNS = 6_000, 500, 20
VOCABULARY = 20_000  # words, some much more frequent than others
SOUGHT = {"one event": "id5000", "a common word": "w3", "three words": "w3 w17 w40", "nothing": "q"}


def search(database: str) -> dict[str, float]:
    """Chatwoot's events of 2.9 KB with twelve words of text each, for one webhook."""
    chance = random.Random(1)  # noqa: S311  # no secret
    found: dict[str, float] = {}
    with app_on(database) as app, app.app_context():
        webhooks(app, "http://127.0.0.1:9/")
        for start in range(0, EVENTS, AT_ONCE):
            accept.accept([_event(n, chance) for n in range(start, start + AT_ONCE)])
        found["split, µs"] = _split() * 1e6
        before = bytes_on_disk()
        found["lock held, ms/batch"] = _hold()
        began, used = time.perf_counter(), time.process_time()
        left = EVENTS - payload_index.EVENTS.position()
        is_due, step = indexing.job(is_on=True)
        while is_due(now(), now()):
            step()
        found["processor, µs/event"] = (time.process_time() - used) / left * 1e6
        found["events/s"] = left / (time.perf_counter() - began)
        found["bytes/event"] = (bytes_on_disk() - before) / EVENTS
        assert payload_index.known_to() is None
        for label, text in SOUGHT.items():
            found[f"{label}, ms"] = _median(lambda text=text: DeliveryFilter(words=text).find())  # type: ignore[misc]
    return found


def _event(number: int, chance: random.Random) -> IncomingEvent:
    said = (f"w{int(VOCABULARY ** chance.random())}" for _ in range(12))
    data = body("message_created_incoming", content=f"id{number} {' '.join(said)}")
    return IncomingEvent("message_created", data)


def _split() -> float:
    data = body("message_created_incoming")
    began = time.thread_time()
    for _ in range(1_000):
        words.of_payload(data)
    return (time.thread_time() - began) / 1_000


def _hold() -> float:
    """Milliseconds of a transaction that indexes a batch."""
    took, gaps = [], RowGaps("events")
    for _ in range(10):
        documents = payload_index.EVENTS.pending(indexing.BATCH, gaps)
        with transaction():
            began = time.perf_counter()
            payload_index.EVENTS.add(documents)
        took.append((time.perf_counter() - began) * 1000)
    return percentile(took, 0.5)


def _median(call: Callable[[], object]) -> float:
    took = []
    for _ in range(TURNS):
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1000)
    return percentile(took, 0.5)
