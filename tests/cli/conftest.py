"""Runs the console script in this process, on a data folder of its own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from webhooks_ui.cli.main import main

Run = Callable[..., Result]


@pytest.fixture
def data_dir(app: Flask) -> Path:
    """The data folder that `app` and the commands share."""
    folder: Path = app.config["DATA_DIR"]
    return folder


@pytest.fixture
def run(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs `webhooks-ui` with these arguments; `stdin` is what it can read."""
    for name in [name for name in os.environ if name.startswith("WEBHOOKS_UI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WEBHOOKS_UI_DATA_DIR", str(data_dir))
    umask = os.umask(0o022)

    def run(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(main, arguments, input=stdin, catch_exceptions=False)

    yield run
    os.umask(umask)
