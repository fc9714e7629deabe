"""Templates that are compiled once, for all the processes of this and of later test runs."""

import os
from functools import partial
from pathlib import Path

import pytest
from flask import Flask

from webhooks_ui.web.compiled_templates import CompiledTemplates

FOLDER = "COMPILED_TEMPLATES_OF_TESTS"
"""Names the folder to the processes that this one starts."""


def share(config: pytest.Config) -> None:
    """Names a folder in pytest's cache, unless this is a part of a run that has named one."""
    if FOLDER not in os.environ:
        assert config.cache is not None
        os.environ[FOLDER] = str(config.cache.mkdir("templates"))
        config.add_cleanup(partial(os.environ.__delitem__, FOLDER))
    use()


def use() -> None:
    """Lets the apps that this process makes take what was compiled, and keep what they compile."""
    if folder := os.environ.get(FOLDER):
        cache = CompiledTemplates(Path(folder))
        Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": cache}
