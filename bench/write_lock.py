"""How long the intake of this process waits for SQLite's write lock, and how long it holds it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from bench.stage import percentile
from webhooks_ui.database import driver
from webhooks_ui.intake.sqlite_store import SqliteStore


@dataclass
class Times:
    """Milliseconds of each transaction: until it could begin, and from there to its commit."""

    waits: list[float] = field(default_factory=list)
    holds: list[float] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, float]:
        """The medians and the slow ones; nothing on PostgreSQL, which has no such lock."""
        named = {"wait": self.waits, "hold": self.holds} if self.waits else {}
        return {
            f"lock {name} {label} ms": percentile(values, share)
            for name, values in named.items()
            for label, share in (("p50", 0.5), ("p99", 0.99))
        }


@contextmanager
def timed() -> Iterator[Times]:
    """Measures during the block."""
    times, begin, opened = Times(), driver.begin_to_write, SqliteStore.opened

    def begin_timed(*arguments: Any) -> None:
        start = time.perf_counter()
        begin(*arguments)
        times.waits.append((time.perf_counter() - start) * 1000)

    @contextmanager
    def opened_timed(self: SqliteStore, writer: object, until: float) -> Iterator[Any]:
        with opened(self, writer, until) as cursor:
            start = time.perf_counter()
            yield cursor
        times.holds.append((time.perf_counter() - start) * 1000)

    with (
        patch.object(driver, "begin_to_write", begin_timed),
        patch.object(SqliteStore, "opened", opened_timed),
    ):
        yield times
