"""The tests' apps: made once for each set of settings, lent to one test at a time with new data."""

import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from webhooks_ui import api, create_app
from webhooks_ui.accounts import forgotten
from webhooks_ui.audit import calls
from webhooks_ui.delivery import ping
from webhooks_ui.server import process

MakeApp = Callable[..., Flask]
MAX_KEPT = 12

DATABASES = ("sqlite", "postgresql")
ON_BOTH_DATABASES = pytest.mark.parametrize("database", DATABASES, indirect=True)
"""For tests of what the database does; the rules of forms and of the API are tested on SQLite."""
ON_SQLITE = pytest.mark.parametrize("make_engine", ["sqlite"], indirect=True)
"""For tests among those of the engine to which all databases are alike."""
ON_POSTGRESQL = pytest.mark.parametrize("make_engine", ["postgresql"], indirect=True)
"""For tests that cost much and where PostgreSQL is the stricter one."""


class Apps:
    """Lends apps whose data folder is a copy of `template`, made again for each test.

    Routes, extensions and templates of an app survive a test; the settings are put back, and the
    database's connections, the guard, the sender, the runner of pings, the postman and the memory
    of calls are new. A test that changes more than that makes its own app with `create_app`.
    """

    def __init__(self, template: Path, folder: Path) -> None:
        self._template = template
        self.data_dir = folder / "data"
        self._free: OrderedDict[str, tuple[Flask, dict[str, Any]]] = OrderedDict()

    @contextmanager
    def lend(self, given: Mapping[str, Any]) -> Iterator[MakeApp]:
        """Makes apps with the settings `given` and further ones on one data folder."""
        shutil.rmtree(self.data_dir, ignore_errors=True)
        shutil.copytree(self._template, self.data_dir)
        lent: list[tuple[str, Flask, dict[str, Any]]] = []

        def make(**settings: Any) -> Flask:
            merged = {"DATA_DIR": self.data_dir, **given, **settings}
            key = repr(sorted(merged.items()))
            app, config = self._free.pop(key) if key in self._free else self._make(merged)
            lent.append((key, app, config))
            return app

        yield make
        for key, app, config in lent:
            self._take_back(key, app, config)

    def _make(self, settings: dict[str, Any]) -> tuple[Flask, dict[str, Any]]:
        app = create_app(settings)
        api.load(app)  # tests look at all routes
        return app, dict(app.config)

    def _take_back(self, key: str, app: Flask, config: dict[str, Any]) -> None:
        process.close(app)
        app.config.clear()
        app.config.update(config)
        ping.init_app(app)
        forgotten.init_app(app)
        calls.init_app(app)
        self._free[key] = app, config
        if len(self._free) > MAX_KEPT:
            self._free.popitem(last=False)
