"""Where the processor time of console and worker goes: `python -m bench profile KIND [TREE]`.

KIND is sqlite or postgresql, TREE another work tree, as for `beside`. A console with its worker
takes in events for three webhooks each, as fast as it can and then 100 a second, while py-spy
(`pip install py-spy`) looks 200 times a second which thread of each holds the interpreter's lock.
A function's share of these looks is taken for its share of the processor time.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.beside import CALM_RATE, WARM_UP, WEBHOOKS, Console, databases
from bench.processes import worker_of
from bench.stage import HERE, receiving

SECONDS = 12
CALM = SECONDS * CALM_RATE
RATE = 200  # looks a second
SHOWN = 24
OURS = "webhooks_ui/"
# A thread's or a server's frame, which every look has.
EVERYWHERE = ("<module>", "run", "_bootstrap", "_bootstrap_inner", "_run_code")


def profile(kind: str, tree: Path) -> None:
    """Prints for each pace and process: by library, and by function of ours with what it calls."""
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
                with _watched(processes, Path(folder)) as looks:
                    spent = console.post(receiver, count, rate)
                each = {
                    "console": 1000 * spent["console, CPU ms/event"],
                    "worker": 1000 * spent["worker, CPU ms/delivery"],
                }
                for name in processes:
                    unit = "an event" if name == "console" else "a delivery"
                    print(f"\n{kind}, {pace}, {name}: {each[name]:,.0f} µs {unit}\n")
                    _table(looks[name], each[name])
        finally:
            console.close()


@contextmanager
def _watched(processes: dict[str, int], folder: Path) -> Iterator[dict[str, Counter[str]]]:
    """Stacks of the processes and how often each was seen, filled in at the end of the block."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which(
        "py-spy"
    )
    if program is None:
        sys.exit("py-spy is missing: pip install py-spy")
    found: dict[str, Counter[str]] = {name: Counter() for name in processes}
    spies = {}
    for name, pid in processes.items():
        how = ("--gil", "--rate", str(RATE), "--format", "raw", "--duration", "600")
        command = [program, "record", *how, "--pid", str(pid), "--output", str(folder / name)]
        spies[name] = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    try:
        yield found
    finally:
        for name, spy in spies.items():
            spy.send_signal(signal.SIGINT)
            spy.wait()
            for line in (folder / name).read_text().splitlines():
                stack, _, times = line.rpartition(" ")
                found[name][stack] += int(times)


def _table(looks: Counter[str], microseconds: float) -> None:
    total = looks.total() or 1
    libraries, functions = Counter[str](), Counter[str]()
    for stack, times in looks.items():
        frames = [_frame(each) for each in stack.split(";")]
        libraries[_library(frames[-1][1])] += times
        for name in {
            f"{file.removeprefix(OURS)} {each}" for each, file in frames if _is_ours(each, file)
        }:
            functions[name] += times
    for title, found, most in (
        ("by itself", libraries, SHOWN // 2),
        ("with what it calls", functions, SHOWN),
    ):
        print(f"| {title} | % | µs |\n|---|---|---|")
        for name, times in found.most_common(most):
            print(f"| {name} | {100 * times / total:.0f} | {microseconds * times / total:,.0f} |")
        print(flush=True)


def _frame(written: str) -> tuple[str, str]:
    """Function and file, of ``function (file:line)``."""
    function, _, place = written.rpartition(" (")
    return function, place.rpartition(":")[0]


def _is_ours(function: str, file: str) -> bool:
    is_server = file.startswith(("waitress/", "psycopg/"))
    return (file.startswith(OURS) or is_server) and function not in EVERYWHERE


def _library(file: str) -> str:
    """The package of a file; of ours, the room."""
    parts = file.split("/")
    if file.startswith(OURS) and len(parts) > 2:
        return "/".join(parts[:-1])
    return parts[0].removesuffix(".py") if len(parts) > 1 else f"Python's {file}"


def main(kind: str, tree: Path = HERE) -> None:
    """The profile of this work tree, or of another."""
    profile(kind, tree.resolve())
