"""`webhooks-ui event send`: takes an event in, as the API would."""

import pytest
from flask import Flask

from tests.cli.conftest import Run
from tests.engine.conftest import deliveries, subscribe
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.database.engine import db
from webhooks_ui.models import Event
from webhooks_ui.monitoring import metrics


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The metrics of this process are not shared: that lasts until a process ends."""
    monkeypatch.setattr(metrics, "share", lambda _folder: None)


def events(app: Flask) -> list[Event]:
    with app.app_context():
        return db.session.query(Event).order_by(Event.id).options(db.undefer(Event.data)).all()


def test_it_says_the_event_and_how_many_get_it(run: Run, app: Flask) -> None:
    subscribe(app, "http://127.0.0.1:9/")
    run("channel", "add", "4", "Sales")
    data = '{"n": 12345678901234567890, "p": 1.50}'

    result = run("event", "send", "message_created", "--channel", "4", "--data", "-", stdin=data)

    (event,) = events(app)
    assert (result.exit_code, result.output) == (0, f"{event.public_id} 1\n")
    assert (event.data, event.channel and event.channel["name"]) == (data.encode(), "Sales")
    assert [delivery.status for delivery in deliveries(app)] == ["pending"]


def test_half_an_emoji_is_taken_as_it_came(run: Run, app: Flask) -> None:
    data = '{"text": "cut \\ud83d"}'
    assert run("event", "send", "team_changed", "--data", "-", stdin=data).exit_code == 0
    assert events(app)[0].data == data.encode()


def test_without_data_the_sample_is_sent(run: Run, app: Flask) -> None:
    assert run("event", "send", "team_changed").exit_code == 0
    assert events(app)[0].data == ALL_TYPES["team_changed"].sample_text.encode()


@pytest.mark.parametrize(
    ("arguments", "data", "words"),
    [
        (["nothing_of_this_name"], "{}", "no event type of this name"),
        (["webhook_failing"], "{}", "Only this console sends"),
        (["message_created", "--channel", "gone"], "{}", "No channel has the key “gone”"),
        (["message_created"], "[]", "A JSON object was expected"),
        (["message_created"], '{"a": NaN}', "JSON has no NaN"),
        (["message_created"], f'{{"a": "{"x" * 1_000_000}"}}', "1,000,000 bytes at most"),
    ],
)
def test_what_the_api_refuses_is_refused_with_its_words(
    run: Run, app: Flask, arguments: list[str], data: str, words: str
) -> None:
    result = run("event", "send", *arguments, "--data", "-", stdin=data)

    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert events(app) == []


def test_a_database_out_of_reach_is_one_clear_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOKS_UI_DATABASE_URL", "postgresql+psycopg://x@/none?host=/nowhere")
    result = run("event", "send", "team_changed")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The database is busy or out of reach: ")
    assert result.stderr.count("\n") == 1
