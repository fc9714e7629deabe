"""`webhooks-ui channel add`: makes a channel with a key of its owner's choosing."""

import pytest
from flask import Flask

from tests.cli.conftest import Run
from webhooks_ui.models import Channel


def test_a_channel_is_made(run: Run, app: Flask) -> None:
    result = run("channel", "add", "telegram-sales", "Telegram продажі", "--kind", "telegram")
    assert (result.exit_code, result.output) == (0, "The channel telegram-sales was made.\n")
    with app.app_context():
        channel = Channel.by_key("telegram-sales")
        assert channel is not None
        assert channel.snapshot == {
            "key": "telegram-sales",
            "name": "Telegram продажі",
            "kind": "telegram",
        }


def test_without_a_kind_it_is_of_another_one(run: Run, app: Flask) -> None:
    run("channel", "add", "4", "Inbox 4")
    with app.app_context():
        channel = Channel.by_key("4")
        assert channel is not None
        assert channel.kind == "other"


def test_a_key_is_taken_only_once(run: Run, app: Flask) -> None:
    run("channel", "add", "4", "First")
    result = run("channel", "add", "4", "Second")
    assert result.exit_code == 1
    assert "The channel “First” has the key 4 already." in result.stderr
    with app.app_context():
        assert [channel.name for channel in Channel.choices()] == ["First"]


@pytest.mark.parametrize(
    ("key", "name", "field"),
    [
        ("a b", "Name", "key"),
        ("", "Name", "key"),
        ("k" * 101, "Name", "key"),
        ("key", " ", "name"),
        ("key", "a\x1bb", "name"),
    ],
)
def test_what_cannot_be_one_is_refused(
    run: Run, app: Flask, key: str, name: str, field: str
) -> None:
    result = run("channel", "add", key, name)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {field}: ")
    with app.app_context():
        assert Channel.choices() == []


def test_an_unknown_kind_is_refused(run: Run) -> None:
    assert run("channel", "add", "key", "Name", "--kind", "pigeon").exit_code == 2
