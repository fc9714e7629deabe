"""A search takes about a second at most, and says what it did not look through."""

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update

from tests.engine.conftest import send
from tests.log.test_lists import listening
from tests.log.test_payload_search import index
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.time_limit import TooSlowError, time_limit
from webhooks_ui.database.types import now
from webhooks_ui.models import Event, word_search
from webhooks_ui.models.payload_index import EVENTS, Lead, Table

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    " SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


def test_a_slow_statement_is_ended_and_the_transaction_goes_on(engine: Flask) -> None:
    with engine.app_context():
        endless = text(ENDLESS[db.engine.dialect.name])
        with pytest.raises(TooSlowError), time_limit(0.05):
            db.session.execute(endless)
        assert db.session.scalar(text("SELECT 1")) == 1
        with time_limit(60):
            assert db.session.scalar(text("SELECT 2")) == 2


def test_other_errors_of_the_database_stay_what_they_are(engine: Flask) -> None:
    with engine.app_context(), pytest.raises(Exception, match="nowhere"), time_limit(60):
        db.session.execute(text("SELECT 1 FROM nowhere"))


def say(app: Flask, *contents: str) -> None:
    """An event for each text, indexed."""
    for content in contents:
        send(app, data=json.dumps({"content": content}).encode())
    index(app)


def found(app: Flask, sought: str) -> tuple[list[int], int]:
    """The events, and how many statements looked for them."""
    with listening(app) as statements, app.app_context():
        events = list(word_search.find(sought).events)
    searched = "MATCH" if app.config["DATABASE_URL"].startswith("sqlite") else "@@"
    return events, sum("event_words" in one and searched in one for one, _ in statements)


def test_a_frequent_word_is_looked_for_among_the_newest_alone(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_search, "_WINDOW", 10)
    monkeypatch.setattr(word_search, "MAX_FOUND", 4)
    say(engine, *(f"w1 n{number}" for number in range(1, 41)))
    assert found(engine, "w1") == ([40, 39, 38, 37], 1)
    assert found(engine, "n40") == ([40], 2)
    assert found(engine, "n1") == ([1], 2)
    assert found(engine, "n41") == ([], 2)


def test_what_has_no_words_does_not_count_as_looked_through(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_search, "_WINDOW", 10)
    monkeypatch.setattr(word_search, "MAX_FOUND", 4)
    say(engine, *("w1" for _ in range(8)))
    for _ in range(30):
        send(engine, data=b"{}")
    index(engine)
    is_sqlite = engine.config["DATABASE_URL"].startswith("sqlite")
    assert found(engine, "w1") == ([8, 7, 6, 5], 2 if is_sqlite else 1)


def test_what_few_have_is_read_from_the_index_of_words(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_search, "_WINDOW", 10)
    monkeypatch.setattr(word_search, "MAX_FOUND", 40)
    say(engine, *(f"n{number} k{number % 10} w1" for number in range(30)))
    few, many = Lead.WORDS, Lead.EITHER
    for sought, count, leads in (("n1", 1, few), ("w1 k1", 3, few), ("w1", 30, many)):
        asked = list[tuple[Lead, str]]()
        newest = Table.newest

        def note(table: Table, *given: Any, newest: Any = newest, asked: Any = asked) -> Any:
            if table is EVENTS:
                asked.append(given[-2:])
            return newest(table, *given)

        with monkeypatch.context() as patched, engine.app_context():
            patched.setattr(Table, "newest", note)
            assert len(word_search.find(sought).events) == count
        assert [lead for lead, _ in asked] == [Lead.ROWS, leads], sought
        if not engine.config["DATABASE_URL"].startswith("sqlite"):
            assert asked[1][1] == f"'{sought[-2:]}'", "by the word that fewer rows have"


def test_what_a_search_that_takes_long_did_not_look_through_is_said(
    engine: Flask, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(engine, "order", "order", "orders")
    with engine.app_context(), transaction():
        db.session.execute(update(Event).values(created_at=now() - timedelta(days=40)))
    pages = "/events?q=order", "/deliveries?q=order"
    assert not any('id="stopped"' in browser.get(page).text for page in pages)
    monkeypatch.setattr(word_search, "SECONDS", -1.0)
    assert all('id="stopped"' in browser.get(page).text for page in pages)


def test_where_too_much_begins_with_a_word_it_is_looked_for_whole(
    engine: Flask, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite reads all that begins like it before the newest are known."""
    say(engine, "order", "orders")
    assert found(engine, "order")[0] == [2, 1]
    if not engine.config["DATABASE_URL"].startswith("sqlite"):
        return
    look = Table.newest

    def impatient(table: Table, query: str, *given: Any) -> object:
        if "*" in query:
            raise TooSlowError
        return look(table, query, *given)

    monkeypatch.setattr(Table, "newest", impatient)
    assert found(engine, "order")[0] == [1]
    assert 'id="whole-words"' in browser.get("/events?q=order").text
    monkeypatch.setattr(Table, "newest", look)
    assert found(engine, "order")[0] == [2, 1]
    monkeypatch.setattr(word_search, "_MANY", 0)
    assert found(engine, "order")[0] == [1], "it is not even tried with a frequent word"
