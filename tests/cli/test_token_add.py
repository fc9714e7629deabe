"""`webhooks-ui token add`: prints the token once, keeps only its hash."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from tests.cli.conftest import Run
from webhooks_ui.models import Token


@pytest.mark.parametrize("scope", ["events", "admin"])
def test_the_token_stands_alone_on_standard_output(run: Run, app: Flask, scope: str) -> None:
    result = run("token", "add", " The platform ", "--scope", scope)
    assert result.exit_code == 0
    text = result.stdout.removesuffix("\n")
    assert text.split() == [text]
    assert "cannot be shown again" in result.stderr
    with app.app_context():
        token = Token.find(text)
        assert token is not None
        assert (token.name, token.scope) == ("The platform", scope)


def test_without_a_scope_it_may_only_send_events_in(run: Run, app: Flask) -> None:
    text = run("token", "add", "platform").stdout.strip()
    with app.app_context():
        token = Token.find(text)
        assert token is not None
        assert token.scope == "events"


def test_the_token_is_not_in_the_database(run: Run, data_dir: Path) -> None:
    text = run("token", "add", "platform").stdout.strip()
    with closing(sqlite3.connect(data_dir / "webhooks.db")) as connection:
        assert text not in "\n".join(connection.iterdump())
    assert all(text.encode() not in file.read_bytes() for file in data_dir.iterdir())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Enter a name."),
        (" ", "Enter a name."),
        ("a" * 201, "Shorten the name to 200 characters."),
        ("a\nb", "Remove line breaks"),
        ("\u200b", "Enter a name that can be seen."),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(run: Run, name: str, words: str) -> None:
    result = run("token", "add", name)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert words in " ".join(result.stderr.split())
