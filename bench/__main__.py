"""Runs each benchmark in a fresh process; prints a table and JSON: `python -m bench [PART …]`.

`python -m bench beside OLD [sqlite|postgresql]` compares with another work tree instead,
`python -m bench scale_out` measures PostgreSQL with several web processes and workers,
`python -m bench retention` deletes rows and drops partitions there,
`python -m bench soak sqlite|postgresql` a day in which old rows go as new ones come,
`python -m bench servers` the console under other WSGI servers, as far as they are installed,
`python -m bench profile sqlite|postgresql [TREE]` prints which functions the time goes to.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from bench import beside, parts, profile
from bench.retention import retention
from bench.scale_out import scale_out
from bench.servers import servers
from bench.soak import soak
from tests.support import postgres

BOTH = (
    "durable",
    "durable_on_any_core",
    "accepting",
    "accepting_while_busy",
    "chatwoot",
    "end_to_end",
    "isolation",
    "many_failing",
    "trickle",
    "starting",
    "fan_out",
    "after_kill",
    "claiming",
    "pages",
    "size",
    "search",
    "backing_up",
)
PER_SECOND = "deliveries/s"
ALONE = ("bare", "bare_on_one_core", "plain_requests", "filters")
ON_POSTGRESQL = ("two_workers", "two_workers_on_any_core")


def main(chosen: list[str]) -> None:
    """Runs the chosen parts, or all of them."""
    # The tests switch durability off; the benchmarks measure it.
    postgres.OPTIONS.update(fsync="on", full_page_writes="on", synchronous_commit="on")
    if chosen[:1] == ["beside"]:
        beside.main(Path(chosen[1]), chosen[2:])
        return
    if chosen[:1] == ["profile"]:
        profile.main(chosen[1], *map(Path, chosen[2:]))
        return
    if chosen[:1] == ["soak"]:
        with beside.databases(chosen[1]) as (create, _):
            _print({f"soak {chosen[1]}": soak(create())})
        return
    if chosen == ["servers"]:
        _print({"servers": servers()})
        return
    if chosen in (["scale_out"], ["retention"]):
        measure = scale_out if chosen == ["scale_out"] else retention
        with postgres.Postgres() as cluster:
            _print({chosen[0]: measure(cluster.create_database(), cluster.pid)})
        return
    figures: dict[str, parts.Figures] = {}
    with postgres.Postgres() as cluster:
        url = cluster.create_database()
        plan = [(name, "sqlite") for name in ALONE]
        plan += [(name, where) for name in BOTH for where in ("sqlite", url)]
        plan += [(name, url) for name in ON_POSTGRESQL]
        plan += [(name, "sqlite") for name in ALONE]  # again: the machine's speed drifts
        for name, where in plan:
            if chosen and name not in chosen:
                continue
            kind = "sqlite" if where == "sqlite" else "postgresql"
            found = _run(name, where)
            label = name if name in ALONE else f"{name} {kind}"
            figures[label] = _mean(figures[label], found) if label in figures else found
            print(label, {key: round(value, 2) for key, value in found.items()}, flush=True)
    _print(figures | _ratios(figures))


def _run(name: str, where: str) -> parts.Figures:
    command = [sys.executable, "-m", "bench", "--part", name, where]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    found: parts.Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def _mean(one: parts.Figures, other: parts.Figures) -> parts.Figures:
    return {key: (one[key] + other[key]) / 2 for key in one}


def _ratios(figures: dict[str, parts.Figures]) -> dict[str, parts.Figures]:
    """The ratios of docs/benchmarks.md, for the parts that were run."""
    found: parts.Figures = {}

    def divide(label: str, one: tuple[str, str], other: tuple[str, str]) -> None:
        if one[0] in figures and other[0] in figures:
            found[label] = figures[one[0]][one[1]] / figures[other[0]][other[1]]

    alone = "requests/s"
    pairs = (("durable", "bare"), ("durable", "bare_on_one_core"), ("durable_on_any_core", "bare"))
    for how, bare in pairs:
        for kind in ("sqlite", "postgresql"):
            divide(f"{how} {kind} ÷ {bare}", (f"{how} {kind}", PER_SECOND), (bare, alone))
    divide("durable sqlite ÷ requests", ("durable sqlite", PER_SECOND), ("plain_requests", alone))
    for how in ("", "_on_any_core"):
        two, one = (f"two_workers{how} postgresql", f"durable{how} postgresql")
        divide(f"two workers{how} ÷ one, PostgreSQL", (two, PER_SECOND), (one, PER_SECOND))
        own = "with a core for each worker, deliveries/s"
        divide(f"two workers{how} ÷ one, PostgreSQL, a core for each", (two, own), (one, own))
    return {"ratios": found} if found else {}


def _print(figures: dict[str, parts.Figures]) -> None:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"\n{machine}\n\n| part | figure | |\n|---|---|---|")
    for part in sorted(figures, key=lambda name: name != "ratios"):
        for name, value in figures[part].items():
            print(f"| {part} | {name} | {value:,.2f} |")
    print("\n" + json.dumps({"machine": machine, "figures": figures}, ensure_ascii=False))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        part = getattr(parts, sys.argv[2])
        print(json.dumps(part(sys.argv[3])))
    else:
        main(sys.argv[1:])
