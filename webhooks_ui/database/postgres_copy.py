"""Copies of a PostgreSQL database in use, and what takes its place, by its own programs."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from webhooks_ui.database.copying import CopyError, Facts

_EMPTY = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema()
  LOOP EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', name); END LOOP;
END $$
"""
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


class PostgresDatabase:
    """The database that `url` names; `parameters` are further ones of libpq."""

    kind = "postgresql"
    folder = None

    def __init__(self, url: URL, parameters: Mapping[str, str]) -> None:
        from psycopg.conninfo import make_conninfo

        given = {**url.get_dialect()().create_connect_args(url)[1], **parameters}
        # A password among the arguments of a program could be seen by everybody.
        self._password = given.pop("password", None)
        self._place = make_conninfo(**given)

    def save(self, to: Path) -> None:
        """Writes a consistent copy into a new file, while others write. Raises `CopyError`."""
        options = ("--format=custom", "--no-owner", "--no-privileges", f"--file={to}")
        self._run("pg_dump", *options, f"--dbname={self._place}")

    def verify(self, copy: Path) -> None:
        """Raises `CopyError` unless the whole copy can be read."""
        self._run("pg_restore", f"--file={os.devnull}", str(copy))

    def facts(self, _copy: Path) -> Facts:
        """Schema and key of the database."""
        (schema,) = self._ask("SELECT version_num FROM alembic_version") or [""]
        (check,) = self._ask("SELECT key_check FROM installation") or [None]
        return Facts(schema, check)

    def is_empty(self) -> bool:
        """Whether replacing it loses nothing."""
        return self._ask("SELECT to_regclass('alembic_version')") == [None]

    def replace(self, copy: Path) -> None:
        """Puts the copy in place of the tables, in one transaction.

        Raises `CopyError`, also while others are connected.
        """
        if (others := self._ask(_OTHERS)) != [0]:
            raise CopyError(
                f"{others[0]} others are connected to the database. Stop every process of it."
            )
        script = copy.with_suffix(".sql")
        # Whole before it is run: a script that ends early would be committed.
        self._run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(copy))
        once = ("--single-transaction", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
        place = (f"--dbname={self._place}", f"--command={_EMPTY}", f"--file={script}")
        self._run("psql", *once, "--output=" + os.devnull, *place)

    def _ask(self, question: str) -> list[Any]:
        """The first column of the answer; nothing where a table is missing."""
        import psycopg

        try:
            with psycopg.connect(self._place, password=self._password) as connection:
                return [row[0] for row in connection.execute(question.encode())]
        except psycopg.errors.UndefinedTable:
            return []
        except psycopg.Error as error:
            raise CopyError(" ".join(str(error).split())) from None

    def _run(self, program: str, *arguments: str) -> None:
        if shutil.which(program) is None:
            raise CopyError(
                f"{program} is not installed. Install PostgreSQL's client programs, of the server's"
                " version or newer (Debian: apt install postgresql-client)."
            )
        environ = os.environ | {"PGPASSWORD": self._password or ""}
        done = subprocess.run(  # noqa: S603  # no shell
            [program, *arguments], env=environ, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise CopyError(f"{lines[0]}.")
