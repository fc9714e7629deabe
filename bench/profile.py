"""Where the processor time of console and worker goes: `python -m bench profile KIND [TREE]`.

KIND is sqlite or postgresql, TREE another work tree, as for `beside`. A console with its worker
takes in events for three webhooks each, as fast as it can and then 100 a second. Linux tells the
processor time of each thread; within a thread py-spy (`pip install py-spy`), which looks 200 times
a second at who holds the interpreter's lock, tells the functions' shares.
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.beside import CALM_RATE, WARM_UP, WEBHOOKS, Console, databases
from bench.processes import cpu_of_threads, worker_of
from bench.stage import HERE, receiving

SECONDS = 12
CALM = SECONDS * CALM_RATE
RATE = 200  # looks a second
SHOWN = 30
OURS = "webhooks_ui/"
# Frames that every look has.
EVERYWHERE = ("<module>", "run", "_bootstrap", "_bootstrap_inner", "_run_code")
Seconds = dict[int, float]
"""Processor time by thread."""


class Spy:
    """Looks at a process from its making until `stop`."""

    def __init__(self, program: str, pid: int, file: Path) -> None:
        self._pid, self._file = pid, file
        dumped = subprocess.run(
            [program, "dump", "--pid", str(pid)], capture_output=True, check=True, text=True
        )
        found = re.findall(r'Thread (\d+) \(.*?\): "(.*?)"', dumped.stdout)
        self.families = {int(thread): re.sub(r"[-_ ]?\d+$", "", name) for thread, name in found}
        self._before = cpu_of_threads(pid)
        how = ("--gil", "--threads", "--rate", str(RATE), "--format", "raw", "--duration", "600")
        self._process = subprocess.Popen(
            [program, "record", *how, "--pid", str(pid), "--output", str(file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.looks: Counter[str] = Counter()
        self.spent: Seconds = {}

    def stop(self) -> None:
        """Ends the looks and reads them."""
        after = cpu_of_threads(self._pid)
        self.spent = {one: cpu - self._before.get(one, 0) for one, cpu in after.items()}
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        for line in self._file.read_text().splitlines():
            stack, _, times = line.rpartition(" ")
            self.looks[stack] += int(times)

    def shares(self) -> tuple[dict[str, float], dict[str, float]]:
        """By family of threads, and by function with what it calls: shares of the processor."""
        total = sum(self.spent.values()) or 1
        families, looks_of = defaultdict[str, float](float), Counter[str]()
        for thread, seconds in self.spent.items():
            families[self._family(thread)] += seconds / total
        for stack, times in self.looks.items():
            looks_of[self._family(_thread(stack))] += times
        functions = defaultdict[str, float](float)
        for stack, times in self.looks.items():
            family = self._family(_thread(stack))
            share = families[family] * times / looks_of[family]
            for name in {name for frame in stack.split(";")[1:] if (name := _name(frame))}:
                functions[name] += share
        return families, functions

    def _family(self, thread: int) -> str:
        return self.families.get(thread, "others")


def profile(kind: str, tree: Path) -> None:
    """Prints for each pace and process what its threads and its functions take."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    program = program or shutil.which("py-spy")
    if program is None:
        sys.exit("py-spy is missing: pip install py-spy")
    with (
        databases(kind) as (create, cluster),
        tempfile.TemporaryDirectory() as folder,
        receiving() as receiver,
    ):
        console = Console(tree, Path(folder), create(), cluster)
        try:
            for number in range(WEBHOOKS):
                console.subscribe(f"{receiver.url}/numbered/{number}")
            console.post(receiver, WARM_UP, 0)
            speed = console.post(receiver, WARM_UP * 3, 0)["events/s"]
            processes = {"console": console.pid, "worker": worker_of(console.pid)}
            for pace, count, rate in (
                ("as fast as it can", int(speed * SECONDS), 0),
                (f"{CALM_RATE} events a second", CALM, CALM_RATE),
            ):
                with _watched(program, processes, Path(folder)) as spies:
                    spent = console.post(receiver, count, rate)
                for name, unit in (("console", "event"), ("worker", "delivery")):
                    each = 1000 * spent[f"{name}, CPU ms/{unit}"]
                    print(
                        f"\n{kind}, {pace}, {name}: {each:,.0f} µs of processor for each {unit}\n"
                    )
                    for title, shares in zip(
                        ("threads", "functions"), spies[name].shares(), strict=True
                    ):
                        _print(title, shares, each)
        finally:
            console.close()


@contextmanager
def _watched(program: str, processes: Mapping[str, int], folder: Path) -> Iterator[dict[str, Spy]]:
    spies = {name: Spy(program, pid, folder / name) for name, pid in processes.items()}
    try:
        yield spies
    finally:
        for spy in spies.values():
            spy.stop()


def _print(title: str, shares: Mapping[str, float], microseconds: float) -> None:
    print(f"| {title} | % | µs |\n|---|---|---|")
    for name, share in sorted(shares.items(), key=lambda one: -one[1])[:SHOWN]:
        print(f"| {name} | {100 * share:.0f} | {microseconds * share:,.0f} |")
    print(flush=True)


def _thread(stack: str) -> int:
    found = re.match(r"thread \((\d+)\)", stack)
    return int(found[1]) if found else 0


def _name(frame: str) -> str | None:
    """Module and function of ours, of the server or the driver, of ``function (file:line)``."""
    function, _, place = frame.rpartition(" (")
    file = place.rpartition(":")[0]
    known = file.startswith((OURS, "waitress/", "psycopg/"))
    return f"{file.removeprefix(OURS)} {function}" if known and function not in EVERYWHERE else None


def main(kind: str, tree: Path = HERE) -> None:
    """The profile of this work tree, or of another."""
    profile(kind, tree.resolve())
