"""What the documents say: settings, files and packages that exist."""

import re
from pathlib import Path

import pytest

from webhooks_ui.settings.table import SETTINGS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
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


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in DOCUMENTS)]
)
def test_only_files_that_exist_are_named(name: str) -> None:
    text = (ROOT / name).read_text()
    named = set(
        re.findall(
            r"`((?!instance)(?:[a-z_]+/)+(?:[a-z_]+\.[a-z]+)?|(?:[a-z_]+/)*[a-z_]+\.py)`", text
        )
    )
    places = (ROOT, ROOT / "webhooks_ui", ROOT / "webhooks_ui" / "delivery")
    missing = {
        path
        for path in named
        if not any((place / path).exists() for place in places)
        and not list((ROOT / "webhooks_ui").rglob(path))
    }
    assert missing == set()


def test_the_architecture_names_every_package_and_only_modules_that_exist() -> None:
    package = ROOT / "webhooks_ui"
    packages = {path.parent.name for path in package.glob("*/__init__.py")}
    drawing = (ROOT / "docs/architecture.svg").read_text()
    table = (ROOT / "docs/architecture.md").read_text()
    assert packages == set(re.findall(r'class="name"[^>]*>(\w+)<', drawing))
    assert packages <= set(re.findall(r"`(\w+)/`", table))
    steps = re.findall(r'class="name module"[^>]*>([\w/]+)<', drawing)
    assert len(steps) == 18
    assert [step for step in steps if not (package / f"{step}.py").exists()] == []
