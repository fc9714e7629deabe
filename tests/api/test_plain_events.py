"""The way of plain events answers as the app does, and leaves it everything else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, update
from sqlalchemy.exc import OperationalError

from tests.api.conftest import Call, by_the_app, caller, issue
from tests.api.test_take_events import EVENT, events_in
from tests.support.apps import ON_BOTH_DATABASES
from tests.support.statements import asked_of
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.intake.sqlite_store import SqliteStore
from webhooks_ui.models import Token, memory
from webhooks_ui.models.token import MEMORY

__all__ = ["by_the_app"]  # fixtures


@pytest.fixture
def used(app: Flask, by_the_app: list[str]) -> Call:
    """Calls with a token whose use has been recorded this minute, which the app does."""
    call = caller(app, issue(app, "events"))
    assert call("POST", "/events", EVENT).status_code == 202
    assert by_the_app == ["/api/v1/events"]
    by_the_app.clear()
    return call


@ON_BOTH_DATABASES
def test_an_event_passes_the_app_by(app: Flask, used: Call, by_the_app: list[str]) -> None:
    plain = used("POST", "/events", EVENT)
    assert by_the_app == []
    other = used("POST", "/events?by=app", EVENT)
    assert by_the_app == ["/api/v1/events"]

    assert (plain.status, plain.json.keys()) == (other.status, other.json.keys())
    own, of_app = dict(plain.headers), dict(other.headers)
    assert of_app.pop("Vary").startswith(own.pop("Vary"))
    assert own == of_app
    assert events_in(app) == 3


def test_no_statement_asks_for_a_token_that_is_known(app: Flask, used: Call) -> None:
    used("POST", "/events", EVENT)
    with asked_of(app) as asked:
        assert used("POST", "/events", EVENT).status_code == 202
    assert asked == []


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b'{"type": "message_created", "data": {}, "data": {}}', {}, 400),
        (b'{"type": "nothing", "data": {}}', {}, 422),
        (b'{"type": "message_created", "data": []}', {}, 422),
        (b'{"type": "message_created", "data": {}, "channel": "none"}', {}, 422),
        (b'{"type": "message_created", "data": {}, "occurred_at": "now"}', {}, 422),
        (b'{"type": "message_created", "data": {}}', {"Idempotency-Key": "x" * 300}, 422),
        (b'{"type": "message_created", "data": {}}', {"Content-Type": "text/plain"}, 415),
        (b'{"type": "message_created", "data": {}}', {"Host": "other.example"}, 421),
        (b'{"type": "message_created", "data": {"a": "%s"}}' % (b"x" * 2_000_000), {}, 413),
    ],
)
def test_what_is_refused_is_the_app_s(
    app: Flask,
    used: Call,
    by_the_app: list[str],
    body: bytes,
    headers: dict[str, str],
    status: int,
) -> None:
    answer = used("POST", "/events", data=body, headers=headers)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert by_the_app == ["/api/v1/events"]
    assert events_in(app) == 1


def test_a_conflict_is_said_once(app: Flask, used: Call) -> None:
    used("POST", "/events", EVENT, headers={"Idempotency-Key": "k"})
    other = {**EVENT, "data": {"other": 1}}

    assert used("POST", "/events", other, headers={"Idempotency-Key": "k"}).status_code == 409
    again = used("POST", "/events", EVENT, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json["duplicate"]) == (202, True)
    assert events_in(app) == 2


def test_a_locked_database_is_waited_for_once(
    used: Call, by_the_app: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[None] = []

    @contextmanager
    def locked(*_arguments: object) -> Iterator[None]:
        tried.append(None)
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))
        yield

    monkeypatch.setattr(SqliteStore, "opened", locked)
    answer = used("POST", "/events", EVENT)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert len(tried) == len(by_the_app) == 1


def test_a_token_revoked_here_is_refused_at_once(app: Flask, used: Call) -> None:
    used("POST", "/events", EVENT)
    with app.app_context(), transaction():
        (token,) = Token.newest_first()
        Token.revoke(token.public_id)

    assert used("POST", "/events", EVENT).status_code == 401


def test_a_token_revoked_elsewhere_is_known_for_less_than_a_second(
    app: Flask, used: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = 1_000.0
    monkeypatch.setattr(memory, "monotonic", lambda: moment)
    assert used("POST", "/events", EVENT).status_code == 202
    with app.app_context(), db.engine.begin() as elsewhere:
        elsewhere.execute(delete(Token))

    assert used("POST", "/events", EVENT).status_code == 202
    moment += 0.99
    assert used("POST", "/events", EVENT).status_code == 401


def test_a_token_that_expires_meanwhile_is_refused(app: Flask, used: Call) -> None:
    with app.app_context(), db.engine.begin() as elsewhere:
        elsewhere.execute(update(Token).values(expires_at=now() - timedelta(seconds=1)))
    MEMORY.forget()

    assert used("POST", "/events", EVENT).status_code == 401
