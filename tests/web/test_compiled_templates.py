"""Compiled templates are kept for the next start, for as long as they are right."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from webhooks_ui.web import compiled_templates

MakeApp = Callable[..., Flask]


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that were compiled, by file."""
    found: list[str] = []
    compile_ = __import__("jinja2").Environment._compile

    def noted(self: object, source: str, filename: str) -> object:
        found.append(Path(filename).name)
        return compile_(self, source, filename)

    monkeypatch.setattr("jinja2.Environment._compile", noted)
    return found


@pytest.fixture
def start(make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Starts on the same data folder, with no template in memory, and shows the first page."""
    app = make_app()
    app.config["DATA_DIR"] = tmp_path

    def started() -> str:
        environment: Any = app.jinja_env
        environment.cache.clear()
        monkeypatch.setattr(environment, "bytecode_cache", None)  # that of all tests
        compiled_templates.keep(app)
        return re.sub('value="[^"]+"', "", app.test_client().get("/login").text)  # a new token each

    return started


def test_a_second_start_compiles_nothing(start: Callable[[], str], compiled: list[str]) -> None:
    page = start()
    assert "base.html" in compiled
    compiled.clear()
    assert start() == page
    assert compiled == []


def test_another_state_of_the_code_compiles_anew(
    start: Callable[[], str], compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    files = len(compiled)
    monkeypatch.setattr(compiled_templates, "_state_of_code", lambda: b"another")
    compiled.clear()
    start()
    assert len(compiled) == files


@pytest.mark.parametrize("harm", [b"", b"\0" * 4096, None])
def test_a_broken_file_is_compiled_anew(
    start: Callable[[], str], compiled: list[str], tmp_path: Path, harm: bytes | None
) -> None:
    page = start()
    files = list((tmp_path / "templates").iterdir())
    for file in files:
        file.write_bytes(file.read_bytes()[:-9] if harm is None else harm)
    compiled.clear()
    assert start() == page
    assert len(compiled) == len(files)
    compiled.clear()
    assert start() == page
    assert compiled == []


def test_pages_are_shown_where_nothing_can_be_kept(
    start: Callable[[], str], tmp_path: Path
) -> None:
    (tmp_path / "templates").write_text("no folder")
    assert "<html" in start()


def test_only_their_owner_can_write_them(start: Callable[[], str], tmp_path: Path) -> None:
    start()
    folder = tmp_path / "templates"
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}
