"""The wheel: complete, and at home anywhere."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

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
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def tracked(*folders: str) -> set[str]:
    """The files of these folders that git knows: what must not be forgotten."""
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(listed.stdout.splitlines())


def test_it_carries_everything_inside_the_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {name for name in tracked("webhooks_ui") if Path(ROOT / name).exists()}
    beside = {f"webhooks_ui/{name}" for name in tracked("templates", "static")}
    catalogues = {name for name in package if name.endswith(".po")}
    compiled = {name.removesuffix("po") + "mo" for name in catalogues}
    assert package | beside | compiled <= names
    assert {name.split("/")[0] for name in names} == {"webhooks_ui", info(wheel)}


def info(wheel: Path) -> str:
    """The name of the folder with the metadata."""
    return "-".join(wheel.name.split("-")[:2]) + ".dist-info"


def test_it_works_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PAGE, str(tmp_path / "data")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert Path(found["file"]).is_relative_to(site)
    assert found["answers"] == ["200 OK", "200 OK"]
