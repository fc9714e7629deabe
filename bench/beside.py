"""Two work trees side by side in one run: `python -m bench beside OLD`; OLD has a `.venv` as here.

Each tree serves with its worker, as an operator runs it, and is reached over HTTP alone. Eight
posters send events of 1.5 KB, one a request, for three webhooks each, which get them meanwhile. The
trees take turns. Processor time is that of the processes, whatever else the machine does.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import cpu_of, cpu_of_tree, memory_of_tree, worker_of
from bench.stage import HERE, Receiver, percentile, posted, receiving
from tests.support import postgres

POSTERS, WEBHOOKS = 8, 3
WARM_UP, COUNT = 100, 1_000  # events as fast as they are answered
CALM, CALM_RATE = 300, 100  # events, and events a second
ROUNDS = 3
# A second start finds modules compiled, as an installation has them.
_OURS = ("WEBHOOKS_UI_", "PYTHONDONTWRITEBYTECODE")
Figures = dict[str, float]


class Console:
    """A tree's `serve`, with a token and webhooks."""

    def __init__(self, tree: Path, folder: Path, database: str, cluster: int | None) -> None:
        self._tree, self._cluster, self._posted = tree, cluster, 0
        self._environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith(_OURS)},
            "WEBHOOKS_UI_DATA_DIR": str(folder),
            "WEBHOOKS_UI_ALLOWED_NETWORKS": "127.0.0.1",
            **({} if database == "sqlite" else {"WEBHOOKS_UI_DATABASE_URL": database}),
        }
        self._start()
        self.token = self.command("token", "add", "bench", "--scope", "admin")
        self.close()
        begun = time.monotonic()
        self._start()  # a second time, with everything in place
        self.start_seconds = time.monotonic() - begun
        self.start_cpu = cpu_of(self._process.pid)

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._program("serve", "--port", "0"),
            cwd=self._tree,
            env=self._environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout
        self.url = self._process.stdout.readline().split()[-1]
        while not self._is_up():
            time.sleep(0.01)

    def _is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz") as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False

    def _program(self, *arguments: str) -> list[str]:
        return [str(self._tree / ".venv/bin/python"), "-m", "webhooks_ui", *arguments]

    def command(self, *arguments: str) -> str:
        """Runs another command on the same data; what it prints."""
        command = self._program(*arguments)
        done = subprocess.run(
            command,
            cwd=self._tree,
            env=self._environ,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout.strip()

    def subscribe(self, url: str) -> None:
        """Makes a webhook for the events."""
        body = {"name": "", "url": url, "events": ["message_created"], "enabled": True}
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/api/v1/webhooks",
            json.dumps(body | {"authorization": {"type": "none"}}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            assert answer.status == 201

    @property
    def pid(self) -> int:
        """The console's process."""
        return self._process.pid

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.communicate()

    def idle(self) -> Figures:
        """Memory and start, before the first event."""
        worker = worker_of(self._process.pid)
        spent = -1.0
        while cpu_of(worker) - spent > 0.05:  # it is starting still
            spent = cpu_of(worker)
            time.sleep(1.0)
        return {
            "idle memory MB": memory_of_tree(self._process.pid) / 1e6,
            "start to first answer s": self.start_seconds,
            "start, CPU s": self.start_cpu,
        }

    def post(self, receiver: Receiver, count: int, rate: float) -> Figures:
        """Posts events and waits until all of them have arrived at every webhook."""
        first, self._posted = self._posted, self._posted + count
        order = {"port": int(self.url.rpartition(":")[2]), "token": self.token}
        order |= {"connections": POSTERS, "count": count, "first": first, "rate": rate}
        console, worker = self._process.pid, worker_of(self._process.pid)
        before = cpu_of(console), cpu_of(worker), cpu_of_tree(self._cluster)
        found = posted(order)
        arrived = _arrivals(receiver, count * WEBHOOKS)
        spent = cpu_of(console), cpu_of(worker), cpu_of_tree(self._cluster)
        console_s, worker_s, database_s = (b - a for a, b in zip(before, spent, strict=True))
        answers = [1000 * (b - a) for a, b in zip(found["sent"], found["answered"], strict=True)]
        ways = [1000 * (at - found["sent"][number - first]) for number, at in arrived]
        seconds = max(found["answered"]) - found["sent"][0]
        figures = {
            "events/s": count / seconds,
            "deliveries/s": len(arrived) / (arrived[-1][1] - found["sent"][0]),
            "console, CPU ms/event": 1000 * console_s / count,
            "worker, CPU ms/delivery": 1000 * worker_s / len(arrived),
            "answer p50 ms": percentile(answers, 0.5),
            "answer p95 ms": percentile(answers, 0.95),
            "posted → receiver p50 ms": percentile(ways, 0.5),
            "posted → receiver p95 ms": percentile(ways, 0.95),
        }
        if self._cluster:
            figures["database, CPU ms/event"] = 1000 * database_s / count
        return figures


def _arrivals(receiver: Receiver, count: int) -> list[tuple[int, float]]:
    """Number and time of each event's arrivals, in order."""
    found: list[tuple[int, float]] = []
    while len(found) < count:
        time.sleep(0.05)
        found += [(int(path.rpartition("#")[2]), at) for path, at in receiver.arrivals()]
    return found


def measure(tree: Path, database: str, cluster: int | None) -> Figures:
    """Every figure of one tree, from one start of it."""
    with tempfile.TemporaryDirectory() as folder, receiving() as receiver:
        console = Console(tree, Path(folder), database, cluster)
        try:
            figures = console.idle()
            for number in range(WEBHOOKS):
                console.subscribe(f"{receiver.url}/numbered/{number}")
            console.post(receiver, WARM_UP, 0)
            figures |= console.post(receiver, COUNT, 0)
            calm = console.post(receiver, CALM, CALM_RATE)
            del calm["events/s"], calm["deliveries/s"]
            return figures | {f"at {CALM_RATE}/s: {name}": one for name, one in calm.items()}
        finally:
            console.close()


def main(old: Path, kinds: list[str]) -> None:
    """Prints both trees' medians and their ratio, for each kind of database."""
    trees = {"before": old.resolve(), "now": HERE}
    for kind in kinds or ["sqlite", "postgresql"]:
        rounds: dict[str, list[Figures]] = {name: [] for name in trees}
        with databases(kind) as (create, cluster):
            for _ in range(ROUNDS):
                for name, tree in trees.items():
                    rounds[name].append(measure(tree, create(), cluster))
        middle = {name: _middle(found) for name, found in rounds.items()}
        print(f"\n| {kind} | before | now | now ÷ before |\n|---|---|---|---|")
        for figure, value in middle["before"].items():
            now = middle["now"][figure]
            print(f"| {figure} | {value:,.2f} | {now:,.2f} | {now / value:.2f} |", flush=True)
        print(json.dumps({kind: rounds}, ensure_ascii=False), file=sys.stderr)


@contextmanager
def databases(kind: str) -> Iterator[tuple[Callable[[], str], int | None]]:
    """What makes databases of this kind, and the process of their server, if they have one."""
    if kind == "sqlite":
        yield lambda: "sqlite", None
    else:
        with postgres.Postgres() as cluster:
            yield cluster.create_database, cluster.pid


def _middle(rounds: list[Figures]) -> Figures:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
