"""Calls made up from the description alone: all of schemathesis' checks, none may fail."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.api.conftest import issue
from tests.support import utf8_table
from tests.support.listening import listening

pytestmark = pytest.mark.process

PROGRAM = Path(__file__).parents[1] / "support" / "schemathesis_process.py"

# The description cannot say which hosts may be reached, which keys exist and which text can travel
# in a header: what it allows may be refused, but then by a 422 that says why.
SETTINGS = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "404", "409", "422", "429"]
"""


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """The API's address, on a server whose app never asks outside for a name."""
    with listening(app) as server:
        yield f"http://127.0.0.1:{server.server_port}/api/v1"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # the stricter one
@pytest.mark.timeout(0)
def test_no_call_finds_a_fault(app: Flask, url: str, tmp_path: Path, channel: str) -> None:
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    utf8_table.store(tmp_path)
    done = subprocess.run(
        [
            *(sys.executable, PROGRAM, "run", f"{url}/openapi.json"),
            *("--header", f"Authorization: Bearer {issue(app, 'admin')}"),
            *("--checks", "all", "--max-examples", "2", "--seed", "1"),
            *("--request-timeout", "300"),
            # Only a source's own token opens it; tests/sources sends it what no description says.
            *("--exclude-path", "/sources/chatwoot"),
            *("--workers", "2", "--no-color"),
        ],
        cwd=tmp_path,
        env=os.environ | {"HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
