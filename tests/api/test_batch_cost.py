"""The costliest requests that a token of scope `events` can make: bounded in time and memory."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOM = 8_400_000  # bytes: what a batch may have, by default settings
MAX_SECONDS = 2.0  # of processor
MAX_GROWTH = 150_000  # KiB, beside the body itself
PROGRAM = """
import resource, sys, time
from pathlib import Path
from webhooks_ui import create_app
from webhooks_ui.database.engine import transaction
from webhooks_ui.database.migrate import upgrade
from webhooks_ui.models import Token

app = create_app({"DATA_DIR": Path(sys.argv[1]), "TESTING": True})
upgrade(app)
with app.app_context(), transaction():
    headers = {"Authorization": "Bearer " + Token.issue("t", "events")}
client, body = app.test_client(use_cookies=False), sys.stdin.buffer.read()
small = b'{"type": "team_changed", "channel": {"key": "a", "name": "a"}, "data": {}}'
json = {"content_type": "application/json", "headers": headers}
client.post("/api/v1/events/batch", data=b'{"events": [' + small + b"]}", **json)  # imports
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begun = time.process_time()
status = client.post("/api/v1/events/batch", data=body, **json).status_code
seconds = time.process_time() - begun
print(status, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def event(data: str, **more: object) -> str:
    return json.dumps({"type": "team_changed", "data": "@"} | more).replace('"@"', data)


def filled(unit: str, size: int) -> str:
    """A JSON object of about this size that consists of units like `[],`."""
    return '{"a": [' + (unit * (size // len(unit)))[:-1] + "]}"


def bodies() -> Iterator[tuple[str, str, int]]:
    """A name, a body, and the status that answers it."""

    def batch(*events: str) -> str:
        return '{"events": [' + ",".join(events) + "]}"

    yield "empty objects", batch("{}," * (ROOM // 3) + "{}"), 422
    for unit in ("[],", '[""],', '{"a":0},', '"\\\\",'):
        yield f"eight of {unit}", batch(*[event(filled(unit, 990_000))] * 8), 202
    yield "one too large", batch(event(filled("[],", 8_000_000))), 413
    yield "members", batch("{" + ",".join(f'"{n}":0' for n in range(750_000)) + "}"), 400
    yield "unknown", '{"a": ' + filled("[],", 8_000_000) + "}", 422
    yield "nested", "[" * ROOM, 400
    channels = [
        event(filled('[""],', 7_600), channel={"key": f"k{n}", "name": "n" * 200}, id=f"{n:0200}")
        for n in range(1000)
    ]
    yield "a thousand channels", batch(*channels), 202


BODIES = {name: (body, status) for name, body, status in bodies()}


@pytest.mark.parametrize("name", BODIES)
def test_no_batch_takes_long_or_much_memory(tmp_path: Path, name: str) -> None:
    body, expected = BODIES[name]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path],
        input=body.encode(),
        capture_output=True,
        check=True,
    )
    status, seconds, growth = done.stdout.split()
    assert int(status) == expected
    assert float(seconds) < MAX_SECONDS
    assert int(growth) < MAX_GROWTH
