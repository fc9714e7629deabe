"""Search in what was sent and answered: found by words, never a secret, gone with its event."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, insert, select, text, update

from tests.conftest import sign_in
from tests.engine.conftest import send, subscribe, working
from tests.log.test_lists import shown
from tests.support.apps import ON_POSTGRESQL, ON_SQLITE, MakeApp
from tests.support.receiver import Answer, Receiver
from tests.support.waiting import wait_until
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.database.engine import db, end_read, transaction
from webhooks_ui.database.types import now
from webhooks_ui.jobs import indexing, retention
from webhooks_ui.models import Attempt, Delivery, Event, payload_index, word_search
from webhooks_ui.models.row_gaps import RowGaps
from webhooks_ui.text import words

MESSAGE = json.dumps(
    {
        "id": 9001,
        "content": "Добрий день, де моє замовлення?",
        "conversation": {"id": 217, "meta": {"sender": {"phone_number": "+380501234567"}}},
    }
).encode()


def index(app: Flask, *, is_on: bool = True) -> None:
    """Indexes what there is, or empties the index."""
    is_due, step = indexing.job(is_on=is_on)
    with app.app_context():
        while is_due(now(), now()):
            step()


def found(browser: FlaskClient, text: str, **more: str) -> int:
    """How many deliveries a search lists."""
    return len(shown(browser.get("/deliveries", query_string={"q": text, **more}).text))


TEXTS = [
    *("217", "9001", "+380501234567", "380501234567", "+380 (50) 123-45-67"),
    *("замовлення", "ДЕНЬ добр"),
]


def test_an_event_is_found_by_what_stands_in_it(engine: Flask, browser: FlaskClient) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, data=MESSAGE)
    send(engine, data=b'{"id": 2170, "content": "-"}')
    assert [found(browser, asked) for asked in TEXTS] == [0] * len(TEXTS)
    index(engine)
    for asked in TEXTS:
        assert found(browser, asked) == 1, asked
        assert found(browser, asked, status="failed") == 0
        events = browser.get("/events", query_string={"q": asked}).text
        assert events.count('class="title"') == 1, asked
        assert found(browser, f"{asked} nobody") == 0


def test_an_answer_is_found_and_a_secret_is_not(
    engine: Flask, browser: FlaskClient, receiver: Receiver
) -> None:
    secret = "a-long-enough-token-7f3a"
    body = f'{{"error": "quota exhausted", "you_sent": "Bearer {secret}"}}'
    receiver.answer(Answer(403, (("Content-Type", "application/json"),), body.encode()))
    subscribe(engine, receiver.url, authorization=Bearer(secret))
    send(engine, data=MESSAGE)
    with working(engine):
        wait_until(lambda: _count(engine, Attempt) == 1, what="the attempt")
    index(engine)
    assert found(browser, "quota exhausted") == 1
    assert found(browser, secret) == 0
    assert found(browser, "7f3a") == 0
    with engine.app_context():
        assert payload_index.ANSWERS.position() == 1
        with transaction():
            db.session.execute(update(Delivery).values(status="failed"))
        assert sum(retention.prune(timedelta(days=-1), now()), Counter())["deliveries"] == 1
        assert payload_index.ANSWERS.position() == 0


@ON_SQLITE
def test_who_may_not_see_payloads_may_not_search_in_them(make_engine: Any) -> None:
    app = make_engine(VIEWER_PAYLOADS=False)
    subscribe(app, "http://127.0.0.1/1")
    (sent,) = send(app, data=MESSAGE)
    index(app)
    viewer, editor = sign_in(app, "viewer", "viewer"), sign_in(app, "editor", "editor")
    assert found(viewer, "замовлення") == 0
    assert "Search by an id" in viewer.get("/deliveries").text
    assert found(viewer, sent.event_id) == 1
    assert found(editor, "замовлення") == 1


def test_it_goes_with_its_event_and_is_emptied_where_it_is_off(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, 3, data=MESSAGE)
    index(engine)
    assert rows(engine) == 3
    with engine.app_context(), transaction():
        db.session.execute(delete(Event).where(Event.id == 1))
    assert rows(engine) == 2
    with engine.app_context():
        with transaction():
            db.session.execute(update(Delivery).values(status="failed", due_at=None))
        for _turn in retention.prune(timedelta(days=-1), now()):
            pass
    assert rows(engine) == 0
    send(engine, data=MESSAGE)
    index(engine)
    assert rows(engine) == 1
    index(engine, is_on=False)
    assert rows(engine) == 0


def test_a_crash_in_the_middle_neither_skips_nor_repeats(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    whole = indexing.BATCH * indexing.BATCHES
    send(engine, whole + 20, data=MESSAGE)

    def dies(*_arguments: object) -> None:
        raise KeyboardInterrupt

    _, step = indexing.job(is_on=True)
    with engine.app_context():
        assert step()
        event.listen(db.engine, "commit", dies)
        with pytest.raises(KeyboardInterrupt):
            step()
        event.remove(db.engine, "commit", dies)
        assert payload_index.EVENTS.position() == whole
    index(engine)
    assert rows(engine) == whole + 20


def test_while_deliveries_wait_it_goes_slowly(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, indexing.BATCH + 20, data=MESSAGE)
    waits = [True]
    _, step = indexing.job(is_on=True, is_busy=lambda: bool(waits))
    with engine.app_context():
        assert not step()  # so that the scheduler waits
        assert payload_index.EVENTS.position() == indexing.BATCH
        waits.clear()
        step()
    assert rows(engine) == indexing.BATCH + 20


def test_what_has_no_words_takes_no_place_but_the_last(engine: Flask) -> None:
    """The last row tells how far indexing has come."""
    documents = [payload_index.Document(1, ()), payload_index.Document(2, ())]
    with engine.app_context():
        send(engine, 2, data=b"{}")
        with transaction():
            payload_index.EVENTS.add(documents)
        assert payload_index.EVENTS.position() == 2
        assert db.session.scalar(text("SELECT count(*) FROM event_words")) == 1


def pending(gaps: RowGaps) -> list[int]:
    end_read()
    return [document.row for document in payload_index.EVENTS.pending(10, gaps)]


@ON_POSTGRESQL
def test_a_row_that_may_still_be_committed_is_waited_for(make_engine: MakeApp) -> None:
    """Writers run side by side and take their row ids before they commit.

    However old the rows say they are: results may have been held up by an outage.
    """
    app, gaps = make_engine(), RowGaps("events")
    with app.app_context(), db.engine.connect() as slow, db.engine.connect() as reader:
        slow.execute(insert(Event).values(type="message_created", data=b"{}"))
        reader.execute(select(Event.id)).all()  # a backup, which reads for hours
        send(app, 2, data=MESSAGE)
        with transaction():
            db.session.execute(update(Event).values(created_at=now() - timedelta(hours=2)))
        assert pending(gaps) == pending(gaps) == []
        slow.commit()
        assert pending(gaps) == [1, 2, 3]


def test_a_row_that_nobody_can_commit_any_more_is_not(engine: Flask) -> None:
    send(engine, 4, data=MESSAGE)
    gaps = RowGaps("events")
    with engine.app_context():
        with transaction():
            db.session.execute(delete(Event).where(Event.id.in_((2, 3))))
        pending(gaps)
        assert pending(gaps) == [1, 4]


def test_what_the_index_does_not_know_yet_is_said(engine: Flask, browser: FlaskClient) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, 2, data=MESSAGE)
    with engine.app_context(), transaction():
        db.session.execute(update(Event).values(created_at=now() - timedelta(hours=1)))
    assert 'id="known-to"' in browser.get("/deliveries?q=217").text
    index(engine)
    assert 'id="known-to"' not in browser.get("/deliveries?q=217").text


def test_many_matches_are_capped_and_an_older_time_reaches_the_rest(
    engine: Flask, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_search, "MAX_FOUND", 5)
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, 8, data=MESSAGE)
    index(engine)
    page = browser.get("/deliveries?q=217").text
    assert len(shown(page)) == 5
    assert 'id="capped"' in page


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            b'{"name": "x-1", "n": [1.50, true, null, 123456789012345678901]}',
            "x 1 50 123456789012345678901",
        ),
        (b"<p>Not JSON &amp; \xff</p>", "p not json amp"),
        (b'"\\ud800 A_b Stra\xc3\x9fe"', "a_b strasse"),
        (b'""', ""),
        (b"[" * 100_000, ""),
    ],
)
def test_words(data: bytes, expected: str) -> None:
    assert words.of_payload(data) == expected.split()


def test_a_huge_payload_is_bounded() -> None:
    assert len(words.of_payload(" ".join(map(str, range(50_000))).encode())) == words.MAX_WORDS
    assert words.of_payload(b"x" * 1_000) == ["x" * words.MAX_LENGTH] == words.sought("X" * 999)


def rows(app: Flask) -> int:
    """How many events are indexed."""
    with app.app_context():
        return len(word_search.find("217").events)


def _count(app: Flask, model: Any) -> int:
    with app.app_context():
        return len(db.session.scalars(select(model.id)).all())
