"""What most tests start from: an app with a database of its own, and browsers signed in to it."""

import gc
import os
import secrets
import shutil
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from hypothesis import settings
from hypothesis.configuration import storage_directory
from sqlalchemy import event, insert, select
from sqlalchemy.orm import ORMExecuteState
from werkzeug.test import TestResponse

from tests.support import kept_log, scratch, templates, utf8_table
from tests.support.apps import DATABASES, Apps, MakeApp
from tests.support.kept_log import _audit_log_is_kept
from tests.support.openid import running_provider
from tests.support.postgres import Postgres
from tools.provide import find_postgres
from webhooks_ui import create_app
from webhooks_ui.accounts import passwords
from webhooks_ui.crypto import passphrase
from webhooks_ui.database import engine, writers
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.migrate import upgrade
from webhooks_ui.database.session import ReadingSession
from webhooks_ui.models import User, UserSession, Webhook
from webhooks_ui.models.token import digest
from webhooks_ui.server import process

# The same examples in every run: a search for new ones is a matter of its own
# (HYPOTHESIS_PROFILE=search), not of a check that must not fail by chance.
settings.register_profile("same", deadline=None, derandomize=True, max_examples=30)
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=10)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

__all__ = ["_audit_log_is_kept"]  # a fixture
KINDS = ("browser", "process", "postgres", "long")
"""Marks of slow tests, in the order in which they begin; `make test-quick` takes the last alone."""


def pytest_configure(config: pytest.Config) -> None:
    """Files are kept in memory, templates compiled once, and garbage is not looked for yet."""
    gc.set_threshold(1_000_000)  # nothing of what is collected and loaded is garbage
    scratch.in_memory(config)
    templates.share(config)
    kept_log.guard()


@event.listens_for(ReadingSession, "before_flush")
def _refuse_to_write(session: ReadingSession, *_: object) -> None:
    """Outside of a transaction each statement would be committed by itself on PostgreSQL."""
    assert session.info.get("writes"), "written outside of a transaction"


@event.listens_for(ReadingSession, "do_orm_execute")
def _refuse_to_execute(state: ORMExecuteState) -> None:
    locks = getattr(state.statement, "_for_update_arg", None) is not None
    if state.is_insert or state.is_update or state.is_delete or locks:
        assert state.session.info.get("writes"), "written outside of a transaction"


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names a long text by its beginning and its length: ids stand in logs and environments."""
    if isinstance(val, str | bytes) and len(val) > 80:
        return f"{val[:30]!a}… {len(val)}"
    return None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Marks the kind of a test, and keeps the tests of a file together where one may have to.

    Those of a browser share a server and a page, quick ones are not worth a message each.
    """
    for kind in _kinds(item):
        item.add_marker(kind)
    slow = item.get_closest_marker("process") or item.get_closest_marker("postgres")
    if not slow and not item.get_closest_marker("xdist_group"):
        item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def _kinds(item: pytest.Item) -> Iterator[str]:
    fixtures = getattr(item, "fixturenames", [])
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    if "browser" in item.path.parts:
        yield "browser"
    elif "receiver" in fixtures:
        yield "process"
    if "postgres" in fixtures or "postgresql" in [*parameters]:
        yield "postgres"


@pytest.hookimpl(trylast=True)  # after the order was drawn by lot
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow kinds begin first: at the end the processes of a run have quick tests left to share."""

    def place(item: pytest.Item) -> int:
        marked = [kind for kind in KINDS if item.get_closest_marker(kind)]
        return KINDS.index(marked[0]) if marked else len(KINDS)

    items.sort(key=place)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Groups hold, and the garbage collector does not look at what is loaded by now.

    It looks seldom at the rest, of which little is garbage: it took a twentieth of the time.
    """
    utf8_table.store(storage_directory().path)
    if session.config.getoption("loadgroup", default=False):  # a process of a distributed run
        grouped = [each for each in session.items if each.get_closest_marker("xdist_group")]
        assert all("@" in each.nodeid for each in grouped), "pytest-xdist ignores the groups"
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


PASSWORD = "correct horse battery staple"
NAMES = {
    "crm.example": ["93.184.216.34"],
    "xn--e1afmkfd.xn--j1amh": ["93.184.216.34"],
    "inside.example": ["10.0.0.8"],
    "both.example": ["93.184.216.34", "10.0.0.9"],
    "localhost": ["127.0.0.1"],
}


def resolve(host: str, _port: int) -> list[str]:
    """A resolver that never asks outside: the names above, and no other."""
    if host not in NAMES:
        raise OSError(-2, "Name or service not known")
    return NAMES[host]


SETTINGS: dict[str, Any] = {
    "TESTING": True,
    "WTF_CSRF_ENABLED": False,  # its own tests have it on
    "ALLOWED_NETWORKS": ("127.0.0.1",),
    "ALLOWED_HOSTS": ("hooks.example",),
    "RESOLVER": resolve,
    "DELIVERY_TIMEOUT": 20.0,
}


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hashes and keys for a few microseconds, and no password is judged twice.

    What they cost is tested in accounts/test_passwords.py and crypto/test_vault.py.
    """
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", cheap)
        patch.setattr(passwords, "_UNMATCHED", cheap.hash(""))
        patch.setattr(passwords, "_is_guessable", cache(passwords._is_guessable))
        patch.setattr(passphrase, "_COST", {"n": 2, "r": 8, "p": 1})
        yield


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with keys and an empty, migrated database, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    app = create_app({"DATA_DIR": folder})
    upgrade(app)
    process.close(app)
    return folder


@pytest.fixture
def ready(migrated: Path, tmp_path: Path) -> Path:
    """A data folder for a program that starts: nothing is left to be migrated."""
    return shutil.copytree(migrated, tmp_path / "data")


@pytest.fixture(scope="session")
def apps(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Apps:
    """The apps of this test process."""
    return Apps(migrated, tmp_path_factory.mktemp("apps"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private PostgreSQL of this test process."""
    if find_postgres() is None:
        pytest.skip("PostgreSQL is not installed; `make test` as root installs it on Debian")
    with Postgres() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An empty, migrated PostgreSQL database, to be copied: nobody is connected to it."""
    url = postgres.create_database()
    app = create_app({"DATA_DIR": tmp_path_factory.mktemp("data"), "DATABASE_URL": url})
    upgrade(app)
    process.close(app)
    return url


@pytest.fixture(scope="session")
def postgres_url(postgres: Postgres, migrated_postgres: str) -> str:
    """A migrated PostgreSQL database, emptied before each test."""
    return postgres.create_database(like=migrated_postgres)


def empty_database(request: pytest.FixtureRequest, kind: str) -> dict[str, Any]:
    """The settings of an empty database; SQLite's is in the data folder."""
    if kind == "sqlite":
        return {}
    url = request.getfixturevalue("postgres_url")
    request.getfixturevalue("postgres").empty(url)
    return {"DATABASE_URL": url}


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """The database of `make_app`: SQLite, and with `ON_BOTH_DATABASES` PostgreSQL as well."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def make_app(request: pytest.FixtureRequest, apps: Apps, database: str) -> Iterator[MakeApp]:
    """Makes apps on one empty database."""
    with apps.lend(SETTINGS | empty_database(request, database)) as make:
        yield make


@pytest.fixture(params=DATABASES)
def make_engine(request: pytest.FixtureRequest, apps: Apps) -> Iterator[MakeApp]:
    """Makes apps on one empty database: the test runs once on SQLite, once on PostgreSQL."""
    with apps.lend(SETTINGS | empty_database(request, request.param)) as make:
        yield make


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No database is taken to be stuck because the machine is busy."""
    monkeypatch.setattr(writers, "PATIENCE", 300.0)


@pytest.fixture(autouse=True)
def _own_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that let nobody write in one test is not taken to be stuck in the next."""
    monkeypatch.setattr(engine, "writers", writers.Writers())


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gives up waiting to write either, where many want to at once."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", timedelta(minutes=5))


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """The app."""
    return make_app()


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The issuer of an OpenID provider."""
    with running_provider() as issuer:
        yield issuer


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that is not signed in."""
    return app.test_client()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    """Runs commands of the app."""
    return app.test_cli_runner()


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    """A browser in which the administrator `olena` is signed in."""
    return sign_in(app, "olena")


_ADD_USER = insert(User).returning(User.id)


def sign_in(app: Flask, login: str, role: str = "admin") -> FlaskClient:
    """A browser with a session of the user `login`, who is made when there is none."""
    browser = app.test_client()
    token = secrets.token_urlsafe(32)
    user = {"login": login, "password_hash": "x", "role": role}
    with app.app_context(), transaction():
        core = db.session.connection()  # not the ORM: a thousand tests begin here
        known = core.scalar(select(User.id).where(User.login == login))
        session = {"user_id": known or core.scalar(_ADD_USER, user), "token_hash": digest(token)}
        core.execute(insert(UserSession), session)
    with browser.session_transaction() as cookie:
        cookie["_user_id"] = token
        cookie["_fresh"] = True
    return browser


def webhook_form(**changes: Any) -> dict[str, Any]:
    """A complete form of a webhook, with some fields changed."""
    return {
        "name": "CRM",
        "url": "https://crm.example/hook",
        "auth_type": "none",
        "events": ["message_created"],
        "channel": "",
        "payload_format": "envelope",
        "enabled": "y",
        **changes,
    }


def make_webhook(browser: FlaskClient, **changes: Any) -> str:
    """Makes a webhook through its form; its public id."""
    answer = browser.post("/webhooks/new", data=webhook_form(**changes))
    assert answer.status_code == 303, answer.text
    return answer.location.rpartition("/")[2]


def stored(app: Flask, public_id: str) -> Webhook:
    """The webhook as it is in the database, detached."""
    with app.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook is not None
        db.session.expunge_all()
        return webhook


def session_cookie(browser: FlaskClient) -> str:
    """The name of the session cookie over plain http."""
    app = browser.application
    with app.test_request_context():
        return app.session_interface.get_cookie_name(app)


def piece(browser: FlaskClient, method: str, url: str, **arguments: Any) -> TestResponse:
    """What htmx gets."""
    headers = {"HX-Request": "true", **arguments.pop("headers", {})}
    return browser.open(url, method=method, headers=headers, **arguments)
