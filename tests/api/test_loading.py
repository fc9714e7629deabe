"""The operations are loaded with the first request to the API."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask, url_for

from tests.sources.chatwoot import make_source
from webhooks_ui import api, create_app
from webhooks_ui.server import process, wsgi


@pytest.fixture
def fresh(migrated: Path, tmp_path: Path) -> Iterator[Flask]:
    """An app that nobody has asked for anything."""
    app = create_app({"DATA_DIR": shutil.copytree(migrated, tmp_path / "data")})
    yield app
    process.close(app)


def test_pages_load_none_and_lead_to_the_description(fresh: Flask) -> None:
    assert fresh.test_client().get("/login").status_code == 200
    with fresh.test_request_context():
        assert url_for("api.docs") == "/api/v1/docs"
    assert "api.webhooks_index" not in fresh.view_functions
    assert "Webhook" in fresh.test_client().get("/api/v1/docs").text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/api/v1/events", 401),
        ("GET", "/api/v1/webhooks", 401),
        ("PUT", "/api/v1/webhooks", 405),
        ("OPTIONS", "/api/v1/webhooks", 200),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/openapi.json", 200),
    ],
)
def test_the_first_requests_are_answered_as_later_ones(
    fresh: Flask, method: str, path: str, status: int
) -> None:
    def ask(_: int) -> tuple[int, str | None]:
        answer = fresh.test_client().open(path, method=method)
        return answer.status_code, answer.headers.get("Allow")

    with ThreadPoolExecutor(4) as threads:  # at once
        first = [*threads.map(ask, range(4))]
    assert {ask(0), *first} == {first[0]}
    assert first[0][0] == status


def test_they_are_registered_once(fresh: Flask) -> None:
    api.load(fresh)
    routes = len([*fresh.url_map.iter_rules()])
    api.load(fresh)
    assert len([*fresh.url_map.iter_rules()]) == routes


def test_where_there_are_sources_they_are_loaded_at_once(fresh: Flask) -> None:
    wsgi._prepare_for_sources(fresh)
    assert "api.webhooks_index" not in fresh.view_functions
    make_source(fresh)
    wsgi._prepare_for_sources(fresh)
    assert "api.webhooks_index" in fresh.view_functions
