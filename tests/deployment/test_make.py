"""`make run` installs the driver of PostgreSQL where the setting asks for it, and only there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


def steps(tmp_path: Path, **settings: str) -> str:
    """What `make run` would do in a new checkout."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("WEBHOOKS_UI_")}
    return subprocess.run(
        ["make", "--dry-run", "run", f"VENV={tmp_path}/venv", "PYTHON=python3"],
        cwd=Path(__file__).parents[2],
        env=inherited | {f"WEBHOOKS_UI_{name}": text for name, text in settings.items()},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_sqlite_needs_no_driver(tmp_path: Path) -> None:
    assert "[postgres]" not in steps(tmp_path)
    assert "[postgres]" not in steps(tmp_path, DATABASE_URL="sqlite:////srv/postgres.db")


def test_the_setting_asks_for_the_driver(tmp_path: Path) -> None:
    assert "[postgres]" in steps(tmp_path, DATABASE_URL="postgresql+psycopg://u:p$@db/hooks")
    (tmp_path / "url").write_text("postgres://u:p@db/hooks\n")
    assert "[postgres]" in steps(tmp_path, DATABASE_URL_FILE=str(tmp_path / "url"))
