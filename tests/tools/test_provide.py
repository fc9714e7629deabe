"""`tools/provide.py`: which programs it takes."""

from pathlib import Path

import pytest

from tools import provide


def program(folder: Path, name: str, status: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    return path


@pytest.mark.process
def test_a_browser_that_does_not_start_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "chromium", status=1)
    working = program(tmp_path, "google-chrome")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provide.find_chromium() == working


@pytest.mark.process
def test_the_headless_shell_comes_first_unless_the_browser_is_to_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, shell = program(tmp_path, "chromium"), program(tmp_path, provide.HEADLESS_SHELL)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provide.find_chromium() == shell
    assert provide.find_chromium(headed=True) == whole


def test_the_newest_postgres_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("9.6", "15", "16"):
        program(tmp_path / version / "bin", "initdb")
    (tmp_path / "17" / "bin").mkdir(parents=True)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(provide, "POSTGRES_PLACES", (f"{tmp_path}/*/bin",))
    assert provide.find_postgres() == tmp_path / "16" / "bin"


def test_postgres_on_the_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "initdb")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provide.find_postgres() == tmp_path


def test_no_postgres_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(provide, "POSTGRES_PLACES", ())
    assert provide.find_postgres() is None
