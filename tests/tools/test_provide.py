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


def test_all_that_is_missing_is_installed_by_one_command_over_lists_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[list[str]] = []

    def run(command: list[str]) -> bool:
        ran.append(command)
        return True

    monkeypatch.setattr(provide, "_run", run)
    monkeypatch.setattr(provide, "_superuser", list)
    monkeypatch.setattr(provide, "_driver_starts", lambda: False)
    monkeypatch.setattr(provide, "missing_fonts", lambda: ["fonts-liberation"])
    monkeypatch.setattr(provide, "find_postgres", lambda: None)
    monkeypatch.setattr("shutil.which", lambda name: name if name in ("apt-get", "nginx") else None)
    monkeypatch.setattr(provide, "SYSTEMD", Path("/nowhere"))
    provide._apt_get.cache_clear()
    try:
        provide.provide_together()
        assert not provide.provide_driver()  # does not start yet: asked for again, by itself
    finally:
        provide._apt_get.cache_clear()
    asked = [command[command.index("-qq") + 1 :] for command in ran]
    assert [words[0] for words in asked] == ["update", "install", "install"]
    wanted = {"libatomic1", provide.HEADLESS_SHELL, "postgresql", "pgbouncer", "fonts-liberation"}
    assert wanted <= {*asked[1]}
    assert "nginx-light" not in asked[1]


@pytest.mark.process
def test_a_font_that_fontconfig_does_not_know_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provide.missing_fonts() == ["fontconfig", "fonts-dejavu-core", "fonts-liberation"]
    listing = program(tmp_path, "fc-list")
    listing.write_text("#!/bin/sh\necho 'DejaVu Sans'\n")
    assert provide.missing_fonts() == ["fonts-liberation"]
    listing.write_text("#!/bin/sh\necho 'DejaVu Sans'\necho 'Liberation Sans'\n")
    assert provide.missing_fonts() == []
