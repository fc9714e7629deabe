"""A disk that is really full: a small file system in memory, mounted for the test."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.engine.conftest import deliveries, ended, subscribe, working
from tests.support.receiver import Receiver
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Event, Token

pytestmark = pytest.mark.process


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or mount("-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", folder):
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # the app closes it later


def mount(*arguments: str | Path) -> int:
    """The exit status of `mount`."""
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode


def test_nothing_is_promised_that_has_no_room_and_work_goes_on_once_there_is(
    make_app: Callable[..., Flask], migrated: Path, small_disk: Path, receiver: Receiver
) -> None:
    data_dir = small_disk / "data"
    shutil.copytree(migrated, data_dir)
    app = make_app(DATA_DIR=data_dir, DELIVERY_TIMEOUT=30.0)
    subscribe(app, receiver.url)
    with app.app_context(), transaction():
        token = Token.issue("platform", "events")
    platform = app.test_client()

    promised = fill(platform, token)

    assert promised
    assert stored(app) == promised
    assert mount("-o", "remount,size=64m", small_disk) == 0
    assert send(platform, token).status_code == 202
    with working(app):
        ended(app, len(promised) + 1)
    assert {delivery.status for delivery in deliveries(app)} == {"succeeded"}
    ids = [request.header("webhook-id") for request in receiver.requests()]
    assert len(ids) == len(set(ids)) == len(promised) + 1
    with app.app_context():
        assert db.session.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def fill(platform: FlaskClient, token: str) -> set[str]:
    """Sends events until there is no room; the ids of those that were promised."""
    promised: set[str] = set()
    while True:
        answer = send(platform, token)
        if answer.status_code != 202:
            break
        promised.add(answer.get_json()["id"])
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.mimetype == "application/problem+json"
    return promised


def send(platform: FlaskClient, token: str) -> TestResponse:
    """Takes an event of 20 KB to the API."""
    return platform.post(
        "/api/v1/events",
        json={"type": "message_created", "data": {"content": "x" * 20_000}},
        headers={"Authorization": f"Bearer {token}"},
    )


def stored(app: Flask) -> set[str]:
    """The ids of the events that are stored, each with its delivery."""
    with app.app_context():
        events = set(db.session.scalars(db.select(Event.public_id)))
    assert len(deliveries(app)) == len(events)
    return events
