"""The app under other WSGI servers: it starts on a ready database alone, and counts together."""

import subprocess
from pathlib import Path

import pytest

from tests.support.program import Program
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


def python(server: Server, text: str) -> subprocess.CompletedProcess[str]:
    output, errors = (server.data_dir.with_suffix(name) for name in (".output", ".errors"))
    for log in (output, errors):
        log.write_text("")
    program = Program("-c", text, environ=server.environ, log=output, errors=errors)
    status = program.wait(240)
    return subprocess.CompletedProcess(text, status, output.read_text(), errors.read_text())


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


def test_forked_processes_count_together(ready: Path) -> None:
    page = python(Server(ready), FORKS).stdout
    assert 'webhooks_ui_events_accepted_total{type="message_created"} 3.0' in page
    assert "webhooks_ui_deliveries_accepted_total 7.0" in page
