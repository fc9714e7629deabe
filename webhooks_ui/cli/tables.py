"""What commands print: words or a table for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import click

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def print_facts(
    facts: Mapping[str, object], lines: str | Sequence[str], *, as_json: bool, err: bool = False
) -> None:
    """Prints an object of these facts, or the lines; `err`: on standard error."""
    said = json.dumps(facts, ensure_ascii=False, indent=2) if as_json else lines
    for line in [said] if isinstance(said, str) else said:
        click.echo(line, err=err)


def print_rows(names: Sequence[str], rows: Sequence[Sequence[object]], *, as_json: bool) -> None:
    """Prints the rows under `names`; times are UTC, as RFC 3339 has them."""
    if as_json:
        found = [dict(zip(names, map(_plain, row), strict=True)) for row in rows]
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    table = [names, *([str(_plain(value) or "-") for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _plain(value: object) -> object:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
