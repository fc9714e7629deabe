"""The wheel, built from what the Dockerfile copies: complete, and it runs from anywhere."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("wheel")]
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("wheel")]

FIRST_PAGE = """
import json, re, sys
from pathlib import Path
import webhooks_ui
from webhooks_ui.database.migrate import upgrade

app = webhooks_ui.create_app({"DATA_DIR": Path(sys.argv[1])})
upgrade(app)
client = app.test_client()
page = client.get("/login")
style = re.search(r'[^"]+\\.css[^"]*', page.text).group()
answers = [page.status, client.get(style).status]
print(json.dumps({"file": webhooks_ui.__file__, "answers": answers}))
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile copies of what .dockerignore lets through."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    dockerfile = (ROOT / "Dockerfile").read_text()
    folder = tmp_path_factory.mktemp("source")
    for names, target in re.findall(r"^COPY (?!--from)(.+) (\S+)$", dockerfile, re.MULTILINE):
        for name in names.split():
            if f"!{name}" in ignored and (ROOT / name).is_dir():
                without = shutil.ignore_patterns("__pycache__", "*.mo")
                shutil.copytree(ROOT / name, folder / target, ignore=without)
            elif f"!{name}" in ignored:
                shutil.copy(ROOT / name, folder / target)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the Dockerfile's `pip wheel`, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), "."]
    offline = ["--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    run([*command, *offline], source)
    (built,) = folder.glob("*.whl")
    return built


def test_it_carries_everything_inside_the_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {f"webhooks_ui/{name}" for name in files("webhooks_ui")}
    beside = {f"webhooks_ui/{top}/{name}" for top in ("templates", "static") for name in files(top)}
    catalogues = {name for name in package if name.endswith(".po")}
    compiled = {name.removesuffix("po") + "mo" for name in catalogues}
    assert catalogues
    assert package | beside | compiled <= names
    assert {name.split("/")[0] for name in names} == {"webhooks_ui", info(wheel)}


def files(folder: str) -> set[str]:
    """The files of a folder of the checkout that are no products of running it."""
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {
        str(path.relative_to(ROOT / folder))
        for path in found
        if "__pycache__" not in path.parts and path.suffix != ".mo"
    }


def info(wheel: Path) -> str:
    """The name of the folder with the metadata."""
    return "-".join(wheel.name.split("-")[:2]) + ".dist-info"


def test_it_works_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    run([*install, "--disable-pip-version-check", "--target", str(site), str(wheel)], tmp_path)
    environ = os.environ | {"PYTHONPATH": str(site)}
    entrypoint = run([str(site / "bin" / "webhooks-ui"), "--help"], tmp_path, environ)
    assert "serve" in entrypoint
    page = run([sys.executable, "-c", FIRST_PAGE, str(tmp_path / "data")], tmp_path, environ)
    found = json.loads(page)
    assert Path(found["file"]).is_relative_to(site)
    assert found["answers"] == ["200 OK", "200 OK"]


def run(command: list[str], folder: Path, environ: dict[str, str] | None = None) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
