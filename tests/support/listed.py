"""Cases that run with one entry more in a list which the product is made from."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def assert_cases_pass(plugin: str, cases: Path) -> None:
    """In another process, whose `plugin` adds to the list: form and API are made from it."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", plugin, str(cases)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "passed" in found.stdout
