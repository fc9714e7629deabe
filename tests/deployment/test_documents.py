"""What is said to operators about running it in containers and on many machines."""

import re
from pathlib import Path

import pytest

from webhooks_ui.settings.table import SETTINGS

ROOT = Path(__file__).parents[2]
KNOWN = {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "docs/scale-out.md"])
def test_only_settings_that_exist_are_named(name: str) -> None:
    named = re.findall(r"WEBHOOKS_UI_([A-Z_]+[A-Z])", (ROOT / name).read_text())

    assert named
    assert {setting.removesuffix("_FILE") for setting in named} <= KNOWN


def test_the_image_gets_all_that_the_wheel_is_made_of() -> None:
    copied = re.findall(
        r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    files = {file for line in copied for file in line.split()}
    assert {"webhooks_ui", "templates", "static", "hatch_build.py", "pyproject.toml"} <= files
    assert {f"!{file}" for file in files} <= set(ignored)
    assert all((ROOT / file).exists() for file in files)
