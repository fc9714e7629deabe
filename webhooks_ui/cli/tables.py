"""Rows on standard output: a table for people, JSON for programs."""

import json
from collections.abc import Sequence
from datetime import datetime

import click


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
