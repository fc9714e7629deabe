"""The log on both databases: an app whose second attempts are an hour away, and a browser."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import sign_in
from tests.engine.conftest import receiver, start_worker
from tests.support.apps import MakeApp

__all__ = ["receiver", "start_worker"]  # fixtures


@pytest.fixture
def engine(make_engine: MakeApp) -> Flask:
    """The app, on SQLite and on PostgreSQL."""
    return make_engine(RETRY_SCHEDULE=(timedelta(hours=1),) * 3)


@pytest.fixture
def browser(engine: Flask) -> FlaskClient:
    """An administrator's browser."""
    return sign_in(engine, "olena")
