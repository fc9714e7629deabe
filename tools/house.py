"""Measure the code against its limits: `make house`.

Prints each figure with its limit and what exceeds it; the exit status is 1 when one is missed.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "webhooks_ui"
LONG_MODULES = {"webhooks_ui/settings/table.py"}  # one row for each setting
PROOFS = {
    "a seventh event type is one file": "tests/catalogue/test_seventh_event.py",
    "a fifth authorization is one file and one line": "tests/authorization/test_fifth_kind.py",
}
"""What cannot be counted, and the test that shows it."""
NOT_OF_THE_FIELD = re.compile(
    r"\w*MOST\w*|REST|of|note|past|walk|admit|bear|look|Told|Found|Born", re.ASCII
)
"""Names of modules' members for which there are better ones: MAX_…, PAUSE, store_of, record, …"""
LOOSE_LEAVES = {"version"}  # modules that import nothing of ours: the contract names packages
SHOWN = 20  # misses of one figure that are printed

Imports = Mapping[str, set[str]]


@dataclass(frozen=True)
class Figure:
    """What was measured; `limit` is the most it may be, `misses` are the places above it."""

    name: str
    value: int
    limit: int
    misses: tuple[str, ...] = ()

    @property
    def is_reached(self) -> bool:
        """Whether the code is within the limit."""
        return self.value <= self.limit


def sources(root: Path) -> list[Path]:
    """The product's Python files, without the migrations."""
    package = (root / PACKAGE).rglob("*.py")
    beside = (root / name for name in ("app.py", "hatch_build.py"))
    return [*(path for path in sorted(package) if "migrations" not in path.parts), *beside]


def sizes(root: Path) -> Iterator[Figure]:
    """Packages, modules, functions and lines."""
    files = sources(root)
    packages = {path.parent for path in files if path.name == "__init__.py"}
    loose = sorted((root / PACKAGE).glob("*.py"))
    yield Figure("rooms: packages and loose modules", len(packages) - 1 + len(loose), 32)
    yield Figure("loose modules", len(loose), 3, tuple(path.name for path in loose))
    lengths = {str(path.relative_to(root)): _lines(path) for path in files}
    yield Figure("lines of Python", sum(lengths.values()), 16_800)
    modules = {name: length for name, length in lengths.items() if name not in LONG_MODULES}
    yield _longest("lines of a module", modules, 250)
    yield _longest("lines of a function", dict(functions(root, files)), 40)
    yield _longest("characters of a template's line", dict(template_lines(root)), 160)
    names = tuple(names_not_of_the_field(root, files))
    yield Figure("names that are not the field's", len(names), 0, names)


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def _longest(name: str, lengths: Mapping[str, int], limit: int) -> Figure:
    above = sorted((place for place in lengths if lengths[place] > limit), key=lengths.__getitem__)
    misses = tuple(f"{place}: {lengths[place]}" for place in reversed(above))
    return Figure(name, max(lengths.values(), default=0), limit, misses)


def functions(root: Path, files: Iterable[Path]) -> Iterator[tuple[str, int]]:
    """Each function with its lines, from `def` to its end."""
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                yield f"{path.relative_to(root)}:{node.lineno} {node.name}", length


def names_not_of_the_field(root: Path, files: Iterable[Path]) -> Iterator[str]:
    """Functions, classes and constants of a module whose names are `NOT_OF_THE_FIELD`."""
    for path in files:
        for node in ast.parse(path.read_text()).body:
            for name in filter(NOT_OF_THE_FIELD.fullmatch, _names(node)):
                yield f"{path.relative_to(root)}:{node.lineno} {name}"


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    found = (one for one in ast.walk(node) if isinstance(one, ast.Name))
    return [one.id for one in found if isinstance(one.ctx, ast.Store)]


def template_lines(root: Path) -> Iterator[tuple[str, int]]:
    """Each line of the templates with its length."""
    for path in sorted((root / "templates").rglob("*.html")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            yield f"{path.relative_to(root)}:{number}", len(line)


def imports() -> dict[str, set[str]]:
    """What each module imports of the package, also inside functions; the factory left out."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    skipped = {PACKAGE, *(name for name in graph.modules if ".migrations" in name)}
    modules = graph.modules - skipped
    return {name: graph.find_modules_directly_imported_by(name) - skipped for name in modules}


def by_package(of: Imports) -> dict[str, set[str]]:
    """The same between the rooms of the first level, without those inside one."""
    found: dict[str, set[str]] = {}
    for name, imported in of.items():
        room = name.split(".")[1]
        found.setdefault(room, set()).update(module.split(".")[1] for module in imported)
    return {room: others - {room} for room, others in found.items()}


def circles(of: Imports) -> list[str]:
    """The circles, each found after one import of those before was taken out."""
    left, found = {name: set(others) for name, others in of.items()}, []
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]  # each is imported by the one after it
            left[circle[1]].discard(circle[0])
            found.append(" ← ".join(circle))
        else:
            return found


def upward(of: Imports, layers: list[str]) -> list[str]:
    """Imports against the order of the layers, and rooms that have no layer."""
    floors = {
        room.strip(): floor
        for floor, layer in enumerate(layers)
        for room in layer.replace(":", "|").split("|")
    }
    unknown = sorted(of.keys() - floors.keys() - LOOSE_LEAVES)
    missing = [f"{room} has no layer" for room in unknown]
    return missing + [
        f"{room} → {other}"
        for room, others in sorted(of.items())
        for other in sorted(others)
        if floors.get(room, 0) > floors.get(other, len(layers))
    ]


def order(root: Path) -> Iterator[Figure]:
    """Imports upwards and in circles."""
    modules = imports()
    rooms = by_package(modules)
    settings = tomllib.loads((root / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one.get("containers") == [PACKAGE])
    for name, misses in (
        ("imports upwards", upward(rooms, layers)),
        ("circles of rooms", circles(rooms)),
        ("circles of modules", circles(modules)),
    ):
        yield Figure(name, len(misses), 0, tuple(misses))


def report(figure: Figure) -> str:
    """A line for the figure, and one for each miss."""
    mark = "ok    " if figure.is_reached else "MISSED"
    lines = [f"{mark} {figure.name}: {figure.value:,} (at most {figure.limit:,})"]
    if not figure.is_reached:
        lines += [f"         {miss}" for miss in figure.misses[:SHOWN]]
        if len(figure.misses) > SHOWN:
            lines.append(f"         and {len(figure.misses) - SHOWN} more")
    return "\n".join(lines)


def main(root: Path = ROOT) -> int:
    """Print every figure; the exit status."""
    figures = [*sizes(root), *order(root)]
    for figure in figures:
        print(report(figure))
    for claim, test in PROOFS.items():
        print(f"{'ok    ' if (root / test).exists() else 'MISSED'} {claim}: {test}")
    reached = all(figure.is_reached for figure in figures)
    return 0 if reached and all((root / test).exists() for test in PROOFS.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
