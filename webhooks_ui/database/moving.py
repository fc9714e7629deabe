"""All rows of a SQLite database into an empty PostgreSQL one, in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Boolean, Connection, MetaData, Table, func, select, text

from webhooks_ui.database.copying import CopyError
from webhooks_ui.database.driver import sqlite_module

_BATCH = 1_000
_NOTED = ("users", "tokens", "channels", "webhooks", "events")


@contextmanager
def used_alone(connection: Any) -> Iterator[None]:
    """Nobody else uses the SQLite file meanwhile. Raises `CopyError` where somebody does."""
    for statement in ("PRAGMA busy_timeout=0", "PRAGMA locking_mode=EXCLUSIVE", "BEGIN IMMEDIATE"):
        try:
            connection.execute(statement)
        except sqlite_module().Error as error:
            raise CopyError(f"{error}. Stop every process that uses it.") from None
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def count(source: Any, tables: MetaData) -> int:
    """How many rows there are."""
    return sum(
        source.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0]  # noqa: S608  # ours
        for table in tables.sorted_tables
    )


def copy(source: Any, target: Connection, tables: MetaData) -> Iterator[tuple[str, int]]:
    """Copies table by table; how many rows of it in each step. The caller commits at the end.

    Raises `CopyError` where the target has something in it already, or not all of it has arrived.
    """
    for name in _NOTED:
        if target.scalar(select(text("1")).select_from(tables.tables[name]).limit(1)):
            raise CopyError(
                f"The database there is not empty: it has {name}. An earlier `move` that copied"
                " anything has copied all."
            )
    names = ", ".join(f'"{table.name}"' for table in tables.sorted_tables)
    # The worker there fills the search index again.
    target.execute(text(f"TRUNCATE {names}, answer_words CASCADE"))
    for table in tables.sorted_tables:
        for rows in _copy(source, target, table):
            yield table.name, rows
        _count_on(source, target, table)


def _copy(source: Any, target: Connection, table: Table) -> Iterator[int]:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    # SQLite has numbers for what is true or not.
    truths = [at for at, one in enumerate(table.columns) if isinstance(one.type, Boolean)]
    rows = source.execute(f'SELECT {columns} FROM "{table.name}"')  # noqa: S608  # names of ours
    driver: Any = target.connection.driver_connection
    total = 0
    with driver.cursor().copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as arriving:
        while batch := rows.fetchmany(_BATCH):
            for row in batch:
                values = [*row]
                for at in truths:
                    values[at] = None if row[at] is None else bool(row[at])
                arriving.write_row(values)
            total += len(batch)
            yield len(batch)
    arrived = target.scalar(select(func.count()).select_from(table))
    if arrived != total:
        raise CopyError(f"Of {total:,} rows of {table.name}, {arrived:,} have arrived.")


def _count_on(source: Any, target: Connection, table: Table) -> None:
    """Advances the sequence past every id that a row has had."""
    ids = [*table.primary_key]
    name = target.scalar(
        text("SELECT pg_get_serial_sequence(:table, :column)"),
        {"table": f'"{table.name}"', "column": ids[0].name},
    )
    if name is None:
        return
    newest = target.scalar(select(func.max(ids[0]))) or 0
    wanted = "SELECT seq FROM sqlite_sequence WHERE name = ?"
    for (given,) in source.execute(wanted, (table.name,)):
        newest = max(newest, given)
    if newest:
        target.execute(select(func.setval(name, newest)))
