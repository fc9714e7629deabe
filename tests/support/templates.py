"""Templates that are compiled once for all the processes of a test run."""

import os
import shutil
from functools import partial
from tempfile import mkdtemp

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

FOLDER = "COMPILED_TEMPLATES_OF_TESTS"
"""Names the folder to the processes that this one starts."""


def share(config: pytest.Config) -> None:
    """Makes the folder, unless this is a part of a run that has one; it goes when the run ends."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = folder = mkdtemp(prefix="templates-")
        config.add_cleanup(partial(os.environ.__delitem__, FOLDER))
        config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))
    use()


def use() -> None:
    """Lets the apps that this process makes take what was compiled, and keep what they compile."""
    if folder := os.environ.get(FOLDER):
        cache = FileSystemBytecodeCache(folder)
        Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": cache}
