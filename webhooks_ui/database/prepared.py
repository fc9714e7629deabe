"""Statements that run often: written out once for each kind of database, run by its driver.

For a row or two, SQLAlchemy's own overhead exceeds the database's work. On PostgreSQL, statements
can go out together, without waiting for each other's answers (`Runner.together`).
"""

import json
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BindParameter,
    ClauseElement,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Insert,
    LargeBinary,
    Select,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from webhooks_ui.database import engine
from webhooks_ui.database.driver import autocommitting, connected, in_our_terms, writing_sqlite
from webhooks_ui.database.engine import BUSY_TIMEOUT, db, turn

Values = Mapping[str, ColumnElement[Any]]
"""What stands for the values of a row in a statement, by their names."""


class _Form(NamedTuple):
    """A statement in a dialect's words; `names` are its parameters where they go by position.

    `of_json`: it is run once for all rows, which are its only parameter.
    """

    text: str
    names: list[str] | None
    converters: dict[str, Callable[[Any], Any]]
    of_json: bool = False

    def row(self, given: Mapping[str, Any]) -> Any:
        """The parameters as the driver takes them; of rows in JSON the text of one."""
        told = self.converters
        if self.of_json:
            return json.dumps({n: told[n](v) if n in told else v for n, v in given.items()})
        if self.names is not None:
            return [told[n](given[n]) if n in told else given[n] for n in self.names]
        return {n: told[n](value) if n in told else value for n, value in given.items()}


class Prepared:
    """A statement of SQLAlchemy Core, or one for each dialect by its name."""

    def __init__(self, statement: ClauseElement | Mapping[str, ClauseElement]) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def form(self, dialect: Dialect) -> _Form:
        """The statement as the dialect writes it."""
        return self._forms.get(dialect.name) or self._forms.setdefault(
            dialect.name, self._written(dialect)
        )

    def _written(self, dialect: Dialect) -> _Form:
        own: Any = self._statement
        compiled = (own[dialect.name] if isinstance(own, Mapping) else own).compile(dialect=dialect)
        types = {name: one.type for name, one in compiled.binds.items()}
        return _Form(str(compiled), compiled.positiontup, _converters(types, dialect))


class ManyRows(Prepared):
    """A statement for many rows: SQLite's driver runs it for each, PostgreSQL once, given JSON.

    `columns` are the values of a row and their types. `build` makes the statement of a dialect,
    which it is told by name, of what stands for these values.
    """

    def __init__(
        self, columns: Mapping[str, TypeEngine[Any]], build: Callable[[str, Values], ClauseElement]
    ) -> None:
        self._columns, self._build, self._forms = columns, build, {}

    def _written(self, dialect: Dialect) -> _Form:
        if dialect.name == "sqlite":
            own = {name: bindparam(name, type_=kind) for name, kind in self._columns.items()}
            return Prepared(self._build(dialect.name, own)).form(dialect)
        form = Prepared(self._build(dialect.name, _from_json(self._columns))).form(dialect)
        plain = {n: kind for n, kind in self._columns.items() if not isinstance(kind, JSON)}
        converters = _converters(plain, dialect) | dict.fromkeys(_bytes(self._columns), _base64)
        return form._replace(converters=converters, of_json=True)


def inserted(new: Insert, values: Values) -> Insert:
    """The INSERT of a row with these values, or of all rows that they are read from."""
    if any(isinstance(value, BindParameter) for value in values.values()):
        return new.values(values).inline()
    return new.from_select([*values], select(*values.values()), include_defaults=False)


def _from_json(columns: Mapping[str, TypeEngine[Any]]) -> Values:
    """The columns of the rows that are given as an array of objects, bytes in base64."""
    binary = _bytes(columns)
    given = func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON)).table_valued(
        *(column(name, Text if name in binary else kind) for name, kind in columns.items())
    )
    row = given.render_derived("given", with_types=True).c
    base64 = text("'base64'")
    return {
        name: func.decode(row[name], base64) if name in binary else row[name] for name in columns
    }


def _bytes(columns: Mapping[str, TypeEngine[Any]]) -> list[str]:
    return [name for name, kind in columns.items() if isinstance(kind, LargeBinary)]


def _base64(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value).decode()


def _converters(
    types: Mapping[str, TypeEngine[Any]], dialect: Dialect
) -> dict[str, Callable[[Any], Any]]:
    """How values become the driver's own, of those that do not go as they are."""
    found = {n: kind.dialect_impl(dialect).bind_processor(dialect) for n, kind in types.items()}
    return {name: convert for name, convert in found.items() if convert}


_ONE_OF = {
    "sqlite": text("id IN (SELECT value FROM json_each(:rows))"),
    "postgresql": text("id = ANY(CAST(:rows AS bigint[]))"),
}


def of_rows(query: Select[Any]) -> Prepared:
    """The query for the rows whose ids are given as `rows`: `Runner.ids`."""
    return Prepared({dialect: query.where(chosen) for dialect, chosen in _ONE_OF.items()})


class Runner:
    """Runs prepared statements on one connection. Values of results are the driver's own."""

    def __init__(self, driver: Any, dialect: Dialect) -> None:
        self._driver, self.dialect = driver, dialect

    def run(self, statement: Prepared, **given: Any) -> Any:
        """A cursor of the driver, to fetch from."""
        form = statement.form(self.dialect)
        return self._driver.execute(form.text, form.row(given))

    def run_many(self, statement: ManyRows, rows: Iterable[Mapping[str, Any]]) -> None:
        """The statement for all rows."""
        self.run_rows(statement, [*map(statement.form(self.dialect).row, rows)])

    def run_rows(self, statement: ManyRows, rows: Sequence[Any]) -> None:
        """The same for rows as its form makes them, which may be done before the transaction."""
        form = statement.form(self.dialect)
        if rows and form.of_json:
            self._driver.execute(form.text, {"rows": f"[{','.join(rows)}]"})
        elif rows:
            self._driver.cursor().executemany(form.text, rows)

    def ids(self, rows: Collection[int]) -> Any:
        """Row ids as one parameter: an array, on SQLite as JSON."""
        return json.dumps([*rows]) if self.dialect.name == "sqlite" else [*rows]

    def together(self) -> AbstractContextManager[Any]:
        """Within it, statements on PostgreSQL wait only for results that are fetched."""
        return nullcontext() if self.dialect.name == "sqlite" else self._driver.pipeline()


@contextmanager
def within(connection: Connection) -> Iterator[Runner]:
    """In the transaction of a connection. Raises SQLAlchemy's errors."""
    with in_our_terms(connection.dialect):
        yield Runner(connection.connection.driver_connection, connection.dialect)


@contextmanager
def reading(engine: Engine) -> Iterator[Runner]:
    """On a connection of its own, each statement by itself. Raises SQLAlchemy's errors."""
    with autocommitting(engine) as driver:
        yield Runner(driver, engine.dialect)


@contextmanager
def in_haste() -> Iterator[Runner]:
    """As in a `transaction`, without its session, and nobody waits for the disk.

    A loss of power may undo it, whole, as long as nothing was committed after it; a process that is
    killed undoes nothing.
    """
    db.session.rollback()
    dialect, until = db.engine.dialect, monotonic() + BUSY_TIMEOUT.total_seconds()
    with engine.writers.admitted() as writer, turn(writer, until):
        if dialect.name == "sqlite":
            with writing_sqlite(db.engine, until) as cursor:
                yield Runner(cursor.connection, dialect)
            return
        with connected(db.engine) as connection, in_our_terms(dialect):
            driver: Any = connection.driver_connection
            with driver.pipeline():  # what needs no answer goes out with what follows
                driver.execute("SET LOCAL synchronous_commit = off")
                yield Runner(driver, dialect)
                driver.commit()  # else the pool rolls back
