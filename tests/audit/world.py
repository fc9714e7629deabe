"""An app with one of everything, on which tests of the audit log act."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.api.conftest import Call, caller, issue
from tests.conftest import SETTINGS, make_webhook, sign_in
from tests.log.rows import fill
from tests.support.apps import Apps
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Delivery, User, Webhook

URL = "https://crm.example/hook"


@dataclass
class World:
    """An app with one of everything, an administrator, and a program with a token."""

    app: Flask
    admin: FlaskClient
    call: Call
    webhook: str

    def one(self, column: Any, *conditions: Any) -> Any:
        """A value of a row that there is."""
        with self.app.app_context():
            found = db.session.scalar(select(column).where(*conditions).limit(1))
            assert found is not None
            return found

    def delivery(self, status: str) -> str:
        """A delivery of this status."""
        wanted = (Delivery.status == status, ~Delivery.test)
        return str(self.one(Delivery.public_id, *wanted))

    def failing(self) -> str:
        """A webhook with a delivery that failed."""
        failed = (Delivery.status == "failed", ~Delivery.test)
        row = self.one(Delivery.webhook_id, *failed)
        return str(self.one(Webhook.public_id, Webhook.id == row))

    def waiting(self) -> str:
        """A delivery that waits."""
        failed = self.delivery("failed")
        with self.app.app_context(), transaction():
            delivery = Delivery.by_public_id(failed)
            assert delivery is not None
            delivery.status = "pending"
        return failed

    def post(self, path: str, **data: Any) -> Any:
        """Posts a form as the administrator."""
        return self.admin.post(path, data=data)

    def make(self, path: str) -> str:
        """Posts a form that makes something; the last part of its address."""
        answer = self.post(path)
        assert answer.status_code == 303, answer.text
        return str(answer.location.rpartition("/")[2])


@dataclass(frozen=True)
class Prepared:
    """Apps that begin with one of everything: a webhook of this id and an API token."""

    apps: Apps
    webhook: str
    token: str


@pytest.fixture(scope="module")
def prepared(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Made once: it takes longer than what most tests do with it."""
    folder = tmp_path_factory.mktemp("prepared")
    template = Apps(migrated, folder / "template")
    with template.lend(SETTINGS) as make:
        app = make()
        with app.app_context(), transaction():
            db.session.add(User(login="olena", password_hash="-", role="admin"))
            db.session.add(User(login="ivan", password_hash="-", role="viewer"))
        webhook = make_webhook(sign_in(app, "olena"), url=URL)
        sign_in(app, "ivan")
        fill(app, 12)
        token = issue(app, "admin")
    return Prepared(Apps(template.data_dir, folder / "copy"), webhook, token)


@pytest.fixture
def app(prepared: Prepared) -> Iterator[Flask]:
    with prepared.apps.lend(SETTINGS) as make:
        yield make()


@pytest.fixture
def world(app: Flask, prepared: Prepared) -> World:
    return World(app, sign_in(app, "olena"), caller(app, prepared.token), prepared.webhook)
