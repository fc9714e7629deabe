"""The way of plain requests: a source's request costs no page's frame, and one commit."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select

from tests.api.conftest import by_the_app
from tests.engine.conftest import engine, subscribe
from tests.sources.chatwoot import PATH, body, changed, make_source
from tests.sources.test_chatwoot import kept, post
from tests.support.apps import ON_SQLITE
from tests.support.statements import asked_of
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.intake import group
from webhooks_ui.models import Event, Source, memory
from webhooks_ui.text import sort_key

__all__ = ["by_the_app", "engine"]  # fixtures
MESSAGE = body("message_created_incoming")


def events_in(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(select(Event.id)).all())


@ON_SQLITE
@pytest.mark.parametrize("sent", [MESSAGE, body("contact_created")])
def test_a_request_passes_the_app_by(engine: Flask, by_the_app: list[str], sent: bytes) -> None:
    subscribe(engine, "http://127.0.0.1:9/1")
    token = make_source(engine)
    plain = post(engine, token, sent, "1", headers={"Host": "by.another.name"})
    assert by_the_app == []
    other = post(engine, token, sent, "2", path=f"{PATH}?token={token}&by=app")
    assert by_the_app == [PATH]

    assert plain.status == other.status
    found = [(one.json["reason"], one.json["deliveries"]) for one in (plain, other)]
    assert found == [(plain.json["reason"], len(plain.json["events"]))] * 2
    own, of_app = dict(plain.headers), dict(other.headers)
    assert of_app.pop("Vary").startswith(own.pop("Vary"))
    assert own == of_app
    one, two = kept(engine)
    assert (one.name, one.reason, one.body) == (two.name, two.reason, two.body)


def test_the_reason_is_in_the_reader_s_language(app: Flask, by_the_app: list[str]) -> None:
    token, sent = make_source(app), body("contact_created")
    told = post(app, token, sent, headers={"Accept-Language": "uk"}).json["reason"]
    assert by_the_app == [PATH]
    assert told != post(app, token, sent).json["reason"]


def test_a_refused_signature_is_recorded_once(app: Flask, by_the_app: list[str]) -> None:
    assert post(app, make_source(app), MESSAGE, secret="other").status_code == 401
    assert by_the_app == [PATH]
    assert [one.reason for one in kept(app)] == ["signature"]


def test_no_statement_asks_for_a_source_that_is_known(app: Flask) -> None:
    token = make_source(app)
    post(app, token, MESSAGE, "1")
    with asked_of(app) as asked:
        assert post(app, token, changed(status=("open", "resolved")), "2").status_code == 202
    assert asked == []


def test_warming_up_stores_nothing_and_leaves_no_name_to_be_looked_up(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_source(engine)
    with engine.app_context():
        group.store_of(db.engine).warm_up()
    assert (events_in(engine), kept(engine)) == (0, [])

    monkeypatch.setattr(Path, "read_bytes", None)  # the table of letters
    assert sort_key.sort_key("Підтримка Support 2") > b""


@ON_SQLITE
def test_a_change_of_a_source_counts_at_once(engine: Flask) -> None:
    token = make_source(engine)
    assert post(engine, token, MESSAGE).status_code == 202
    with engine.app_context(), transaction():
        db.session.scalars(select(Source)).one().sign_with("other", current_vault())
    assert post(engine, token, MESSAGE).status_code == 401
    assert post(engine, token, MESSAGE, secret="other").status_code == 202


def test_a_source_deleted_elsewhere_is_known_for_less_than_a_second(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = 1_000.0
    monkeypatch.setattr(memory, "monotonic", lambda: moment)
    token = make_source(engine)
    assert post(engine, token, MESSAGE, "1").status_code == 202
    with engine.app_context(), db.engine.begin() as elsewhere:
        elsewhere.execute(delete(Source))

    assert post(engine, token, MESSAGE, "2").status_code == 202
    moment += 0.99
    assert post(engine, token, MESSAGE, "3").status_code == 401
    assert (events_in(engine), kept(engine)) == (2, [])
