"""The app under other WSGI servers: it starts on a ready database alone, and counts together."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import Server

pytestmark = pytest.mark.process

FORKS = """
import os
from webhooks_ui.monitoring import metrics
from webhooks_ui.server.application import load
load()
for count in (1, 2):
    if not os.fork():
        metrics.accepted(["message_created"], count)
        os._exit(0)
    os.wait()
metrics.accepted(["message_created"], 4)
print(metrics.exposition({}).decode())
"""


def python(server: Server, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env=server.environ,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_empty_data_folder_is_one_line_that_names_the_command(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    found = python(server, "import app")
    line = "The database is not set up for this version. Run: webhooks-ui migrate\n"
    assert (found.returncode, found.stdout, found.stderr) == (3, "", line)
    assert server.command("migrate") == "The database is up to date.\n"
    assert python(server, "import app").stderr == ""


def test_a_wrong_setting_is_one_line(tmp_path: Path) -> None:
    found = python(Server(tmp_path / "data", RETENTION="30"), "import app")
    assert found.returncode == 3
    assert found.stderr.startswith("WEBHOOKS_UI_RETENTION takes a number with a unit")
    assert found.stderr.count("\n") == 1


def test_forked_processes_count_together(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    server.command("migrate")
    page = python(server, FORKS).stdout
    assert 'webhooks_ui_events_accepted_total{type="message_created"} 3.0' in page
    assert "webhooks_ui_deliveries_accepted_total 7.0" in page
