"""Runs every part in a fresh process and prints a table and JSON: `python -m bench [PART …]`."""

import json
import os
import platform
import subprocess
import sys

from bench import parts
from tests.support import postgres

BOTH = (
    "durable",
    "accepting",
    "accepting_while_busy",
    "end_to_end",
    "isolation",
    "claiming",
    "pages",
    "size",
)


def main(chosen: list[str]) -> None:
    """Runs the chosen parts, or all of them."""
    # Here it is durability that is measured.
    postgres.OPTIONS.update(fsync="on", full_page_writes="on", synchronous_commit="on")
    figures: dict[str, parts.Figures] = {}
    with postgres.Postgres() as cluster:
        url = cluster.create_database()
        plan = [("bare", "sqlite"), ("plain_requests", "sqlite")]
        plan += [(name, where) for name in BOTH for where in ("sqlite", url)]
        plan += [("two_workers", url), ("bare", "sqlite")]
        for name, where in plan:
            if chosen and name not in chosen:
                continue
            kind = "sqlite" if where == "sqlite" else "postgresql"
            found = _run(name, where)
            label = f"{name} {kind}" if name in (*BOTH, "two_workers") else name
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
    """The ratios that performance is judged by, as far as their parts were run."""
    found: parts.Figures = {}

    def divide(label: str, one: tuple[str, str], other: tuple[str, str]) -> None:
        if one[0] in figures and other[0] in figures:
            found[label] = figures[one[0]][one[1]] / figures[other[0]][other[1]]

    sqlite, postgresql = (("durable " + kind, "deliveries/s") for kind in ("sqlite", "postgresql"))
    two = ("two_workers postgresql", "deliveries/s")
    divide("durable, SQLite ÷ bare", sqlite, ("bare", "requests/s"))
    divide("durable, PostgreSQL ÷ bare", postgresql, ("bare", "requests/s"))
    divide("durable, SQLite ÷ requests", sqlite, ("plain_requests", "requests/s"))
    divide("two workers ÷ one, PostgreSQL", two, postgresql)
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
