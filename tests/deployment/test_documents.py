"""What the documents say: settings, files and packages that exist."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from webhooks_ui.accounts import passwords, setup_link, throttle
from webhooks_ui.models import account_link
from webhooks_ui.models.user import AGE_LIMIT, IDLE_LIMIT
from webhooks_ui.settings.table import SETTINGS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
KNOWN = {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "docs/scale-out.md"])
def test_only_settings_that_exist_are_named(name: str) -> None:
    named = re.findall(r"WEBHOOKS_UI_([A-Z_]+[A-Z])", (ROOT / name).read_text())

    assert named
    assert {setting.removesuffix("_FILE") for setting in named} <= KNOWN


def test_the_image_has_what_the_wheel_is_built_from() -> None:
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


@pytest.mark.parametrize(
    ("name", "snippets"),
    [
        ("chatwoot", {"": 2, "sh": 1, "json": 1}),
        ("filters", {"json": 1}),
        ("templates", {"jinja": 5, "text": 5, "json": 1}),
    ],
)
def test_a_guide_has_pictures_and_no_snippet_that_is_not_run(
    name: str, snippets: dict[str, int]
) -> None:
    """They are run by sources/ and filters/test_documents.py, webhooks/test_ready_templates.py."""
    found = []
    for document in (ROOT / f"docs/{name}.md", ROOT / f"docs/uk/{name}.md"):
        text = document.read_text()
        found.append(re.findall(r"^```(\w*)\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL))
        pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
        assert pictures
        assert all((document.parent / each).exists() for each in pictures)
    assert found[0] == found[1]
    assert Counter(language for language, _text in found[0]) == snippets


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


def test_every_test_that_a_document_names_exists() -> None:
    named = {
        found for path in DOCUMENTS for found in re.findall(r"`(tests/[^`]+)`", path.read_text())
    }
    assert len([name for name in named if "::" in name]) > 40
    for name in named:
        file, _, function = name.partition("::")
        text = (ROOT / file).read_text() if function else ""
        assert (ROOT / file).exists(), name
        assert not function or re.search(rf"^def {function}\(", text, re.MULTILINE), name


@pytest.mark.parametrize("folder", [".", "docs", "docs/uk"])
def test_every_picture_that_a_document_shows_is_there(folder: str) -> None:
    for path in (ROOT / folder).glob("*.md"):
        for picture in re.findall(r"!\[[^]]+\]\(([^)]+)\)", path.read_text()):
            assert (path.parent / picture).is_file(), f"{path.name}: {picture}"


def test_every_setting_that_the_page_on_security_names_exists() -> None:
    text = (ROOT / "docs/security.md").read_text()
    named = set(re.findall(r"`([A-Z][A-Z_]+[A-Z])(?:=[^`]*)?`", text))
    assert len(named) > 8
    assert named <= KNOWN


def test_the_counts_on_the_security_page_are_right() -> None:
    text = (ROOT / "docs/security.md").read_text()
    sizes = (throttle.PER_ACCOUNT_AND_NETWORK, throttle.PER_NETWORK, throttle.PER_ACCOUNT)
    assert f"{sizes[0]} failures for an account from one network" in text
    assert f"{sizes[1]} from one network, {sizes[2]} for an account" in text
    assert f"Lock-out, over {throttle.WINDOW // timedelta(minutes=1)} minutes each" in text
    idle, age = IDLE_LIMIT // timedelta(hours=1), AGE_LIMIT.days
    assert f"A session ends after {idle} hours without use, after {age} days" in text
    assert f"have {passwords.MIN_LENGTH} to {passwords.MAX_LENGTH} characters" in text
    assert (setup_link.LIFETIME.days, account_link.LIFETIME.days) == (1, 7)
