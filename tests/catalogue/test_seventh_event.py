"""An event type is one entry: a seventh one is added and used."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.process
def test_a_seventh_event_needs_its_entry_alone() -> None:
    """In another process, since the form and the API are made from the list when they start."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "tests.support.seventh_event"]
    cases = Path(__file__).with_name("seventh_event_cases.py")
    found = subprocess.run([*command, cases], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "passed" in found.stdout
