"""The costliest requests that a token of scope `events` can make: bounded in time and memory."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("batch cost")]

ROOM = 8_400_000  # bytes: what a batch may have, by default settings
MAX_SECONDS = 6.0  # of processor, on a busy machine; what is not bounded takes minutes
MAX_GROWTH = 150_000  # KiB, beside the body itself
PROGRAM = """
import json, os, resource, sys, time
from pathlib import Path
from webhooks_ui import create_app
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Token

app = create_app({"DATA_DIR": Path(sys.argv[1]), "TESTING": True})
with app.app_context(), transaction():
    headers = {"Authorization": "Bearer " + Token.issue("t", "events")}
client = app.test_client(use_cookies=False)
more = {"content_type": "application/json", "headers": headers}
small = b'{"type": "team_changed", "channel": {"key": "a", "name": "a"}, "data": {}}'
client.post("/api/v1/events/batch", data=b'{"events": [' + small + b"]}", **more)  # imports
with app.app_context():
    db.engine.dispose()

def measure(body):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    status = client.post("/api/v1/events/batch", data=body, **more).status_code
    seconds = time.process_time() - begun
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps([status, seconds, growth]), flush=True)

for path in sys.stdin:
    if not (child := os.fork()):
        measure(Path(path.strip()).read_bytes())
        os._exit(0)
    os.waitpid(child, 0)
"""
"""Measures each body, whose path is a line of its input, in a process forked for it alone."""


def event(data: str, **more: object) -> str:
    return json.dumps({"type": "team_changed", "data": "@"} | more).replace('"@"', data)


def filled(unit: str, size: int) -> str:
    """A JSON object of about this size that consists of units like `[],`."""
    return '{"a": [' + (unit * (size // len(unit)))[:-1] + "]}"


def batch(events: str) -> str:
    return '{"events": [' + events + "]}"


def eight(unit: str) -> str:
    return batch(",".join([event(filled(unit, 990_000))] * 8))


def channels() -> str:
    """A thousand events of a thousand channels, with names and ids as long as they may be."""
    data = filled('[""],', 7_600)
    return batch(
        ",".join(
            event(data, channel={"key": f"k{n}", "name": "n" * 200}, id=f"{n:0200}")
            for n in range(1000)
        )
    )


BODIES: dict[str, tuple[Callable[[], str], int]] = {
    "empty objects": (lambda: batch("{}," * (ROOM // 3) + "{}"), 422),
    "eight of [],": (lambda: eight("[],"), 202),
    'eight of "\\\\",': (lambda: eight('"\\\\",'), 202),
    "one too large": (lambda: batch(event(filled("[],", 8_000_000))), 413),
    "members": (lambda: batch("{" + ",".join(f'"{n}":0' for n in range(750_000)) + "}"), 400),
    "unknown": (lambda: '{"a": ' + filled("[],", 8_000_000) + "}", 422),
    "nested": (lambda: "[" * ROOM, 400),
    "a thousand channels": (channels, 202),
}
"""What makes a body, and the status that answers it."""


@pytest.fixture(scope="module")
def measure(
    migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], list[float]]]:
    """The status, the seconds and the KiB that a body costs."""
    folder = shutil.copytree(migrated, tmp_path_factory.mktemp("batch") / "data")
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin
        assert program.stdout
        asks, answers = program.stdin, program.stdout

        def measure(body: str) -> list[float]:
            (folder / "body").write_text(body)
            asks.write(f"{folder / 'body'}\n")
            asks.flush()
            found: list[float] = json.loads(answers.readline())
            return found

        yield measure
        asks.close()


@pytest.mark.parametrize("name", BODIES)
def test_no_batch_takes_long_or_much_memory(
    measure: Callable[[str], list[float]], name: str
) -> None:
    make, expected = BODIES[name]
    status, seconds, growth = measure(make())
    assert status == expected
    assert seconds < MAX_SECONDS
    assert growth < MAX_GROWTH
