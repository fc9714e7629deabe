"""Cases that run with one entry more in each of two lists which the product is made from."""

import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLUGINS = ("tests.support.fifth_kind", "tests.support.seventh_event")
CASES = ("tests/authorization/fifth_kind_cases.py", "tests/catalogue/seventh_event_cases.py")
GROUP = "one entry more"
"""Of pytest-xdist: the tests that ask for the same process."""


def assert_cases_pass(name: str) -> None:
    """In another process, whose plugins add to the lists: form and API are made from them."""
    found = _run()
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"{name}::" in found.stdout


@cache
def _run() -> subprocess.CompletedProcess[str]:
    plugins = [word for plugin in PLUGINS for word in ("-p", plugin)]
    command = [sys.executable, "-m", "pytest", "-v", "-n", "0", *plugins, *CASES]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
