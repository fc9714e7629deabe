"""A private PostgreSQL cluster in a temporary folder, reached over a Unix socket only."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from sqlalchemy import make_url

from tests.support.waiting import wait_until
from tools.provide import find_postgres

# Durability costs seconds and protects nothing here: the folder is thrown away.
OPTIONS = {
    "checkpoint_timeout": "1h",
    "fsync": "off",
    "full_page_writes": "off",
    "jit": "off",
    "listen_addresses": "",
    "max_connections": "50",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "wal_level": "minimal",
}

# To truncate takes milliseconds for a table and for each of its indexes; a few rows are deleted, in
# any order of the tables, since references are not looked at.
EMPTY = """
DO $$ DECLARE name text; size bigint; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name, size IN SELECT relname, pg_relation_size(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
  LOOP
    IF size > 100000 THEN EXECUTE format('TRUNCATE %I CASCADE', name);
    ELSIF size > 0 THEN EXECUTE format('DELETE FROM %I', name); END IF;
  END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL
  LOOP EXECUTE format('ALTER SEQUENCE %I RESTART', name); END LOOP;
END $$
"""


class Postgres:
    """Runs a cluster while entered; `create_database()` gives the URL of a new, empty database.

    PostgreSQL refuses to run as root, so root runs it as the user that the package has made.
    """

    def __init__(self) -> None:
        programs = find_postgres()
        if programs is None:
            raise FileNotFoundError("PostgreSQL's server programs")
        self._programs = programs
        self._names = count(1)

    def __enter__(self) -> Self:
        # Not below pytest's own folder, which other users may not enter; short, for the socket.
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._user = _unprivileged_user()
        if self._user:
            shutil.chown(self._folder, user=self._user)
        self._log = (self._folder / "log").open("ab")
        self._initialise()
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self._log.close()
        shutil.rmtree(self._folder)

    def _initialise(self) -> None:
        options = [
            "--username=tester",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ]
        command = [str(self._programs / "initdb"), f"--pgdata={self._folder}/data", *options]
        done = subprocess.run(command, **self._frame(), check=False)
        assert done.returncode == 0, self._messages()

    def start(self) -> None:
        """Start, or start again, the server; return once it takes connections."""
        options = [f"--{name}={value}" for name, value in OPTIONS.items()]
        place = ["-D", f"{self._folder}/data", "-k", str(self._folder)]
        command = [str(self._programs / "postgres"), *place, *options]
        self._process = subprocess.Popen(command, **self._frame())
        wait_until(self._is_up, what="PostgreSQL's answer")

    def stop(self) -> None:
        """Stop the server, sending its clients away (a "fast" shutdown); the data stay."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """The process that has started all the others."""
        return self._process.pid

    def _frame(self) -> dict[str, Any]:
        """How every program here is run: as whom, where, with its output in a file."""
        output = {"stdin": subprocess.DEVNULL, "stdout": self._log, "stderr": self._log}
        identity = {"user": self._user, "extra_groups": []} if self._user else {}
        return {"cwd": self._folder, **output, **identity}

    def _messages(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def _is_up(self) -> bool:
        assert self._process.poll() is None, self._messages()
        try:
            self._run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, statement: str) -> None:
        dsn = f"host={self._folder} user=tester dbname=postgres"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    def empty(self, url: str) -> None:
        """Remove all rows of a migrated database, and count from 1 again."""
        place = f"host={self._folder} user=tester dbname={make_url(url).database}"
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(EMPTY)

    def create_database(self, like: str = "") -> str:
        """Make an empty database, or a copy of one to which nobody is connected; its URL."""
        name = f"test_{next(self._names)}"
        template = make_url(like).database if like else "template1"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql+psycopg://tester@/{name}?host={self._folder}"


def _unprivileged_user() -> str | None:
    """The user to become when this is root; None when there is no need."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
