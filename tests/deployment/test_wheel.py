"""The image's steps without an image: what the Dockerfile copies, builds, installs and starts."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("wheel")]
ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", "")

OFFLINE = ["--no-index", "--disable-pip-version-check"]


def the_one(pattern: str) -> str:
    """What a pattern finds in the Dockerfile, once."""
    (found,) = re.findall(pattern, DOCKERFILE, re.MULTILINE)
    return str(found)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile copies of what .dockerignore lets through."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    folder = tmp_path_factory.mktemp("source")
    for names, target in re.findall(r"^COPY (?!--from)(.+) (\S+)$", DOCKERFILE, re.MULTILINE):
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
    step = the_one("^RUN pip (wheel .+)$").replace(the_one(r"--wheel-dir (\S+)"), str(folder))
    run([sys.executable, "-m", "pip", *step.split(), "--no-build-isolation", *OFFLINE], source)
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


def test_it_starts_as_in_the_image(wheel: Path, tmp_path: Path) -> None:
    """Installed elsewhere, with the image's settings, by its entry point and command."""
    extra = the_one(r"^RUN pip install [^&]*\.whl\)\[(\w+)\]")
    assert f"Provides-Extra: {extra}" in metadata(wheel)
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", *OFFLINE]
    run([*install, "--target", str(site), str(wheel)], tmp_path)
    settings = dict(re.findall(r"(WEBHOOKS_UI_\w+)=(\S+)", the_one("^ENV (.+)$")))
    assert settings["WEBHOOKS_UI_DATA_DIR"] == the_one(r"^VOLUME (\S+)$")
    settings |= {"WEBHOOKS_UI_DATA_DIR": str(tmp_path / "data")}
    settings |= {"WEBHOOKS_UI_PORT": "0", "WEBHOOKS_UI_HOST": "127.0.0.1"}
    program, command = json.loads(the_one("^ENTRYPOINT (.+)$")), json.loads(the_one("^CMD (.+)$"))
    with subprocess.Popen(
        [site / "bin" / program[0], *program[1:], *command],
        env=os.environ | {"PYTHONPATH": str(site), "PYTHONUNBUFFERED": "1"} | settings,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as started:
        assert started.stdout
        try:
            (url,) = re.findall(r"http://127\.0\.0\.1:\d+", started.stdout.readline())
            page = get(f"{url}/login")
            (style,) = re.findall(r'rel="stylesheet" href="([^"]+)"', page)
            assert "--" in get(f"{url}{style}")
        finally:
            started.terminate()
            assert started.wait(60) == 0


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())


def metadata(wheel: Path) -> str:
    return zipfile.ZipFile(wheel).read(f"{info(wheel)}/METADATA").decode()


def run(command: list[str], folder: Path) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
