"""`webhooks-ui token list` and `token revoke`."""

import json
from datetime import timedelta

import pytest
from flask import Flask

from tests.cli.conftest import Run
from webhooks_ui.database.types import now
from webhooks_ui.models import Token


def test_the_list_names_every_token_and_no_text(run: Run, app: Flask) -> None:
    texts = [run("token", "add", name).stdout.strip() for name in ("Platform", "Сценарій")]
    table, listed = run("token", "list").stdout, run("token", "list", "--json").stdout

    found = json.loads(listed)
    assert [one["name"] for one in found] == ["Сценарій", "Platform"]
    assert found[0]["expires_at"] is None
    assert all(one["id"] in table and one["name"] in table for one in found)
    assert not any(text in table + listed for text in texts)


def test_one_is_revoked_by_its_id(run: Run, app: Flask) -> None:
    text = run("token", "add", "Platform").stdout.strip()
    (one,) = json.loads(run("token", "list", "--json").stdout)

    assert "Platform" in run("token", "revoke", one["id"]).stdout
    with app.app_context():
        assert Token.find(text) is None
    again = run("token", "revoke", one["id"])
    assert again.exit_code == 1
    assert "There is no token" in again.stderr


def test_one_that_expires(run: Run, app: Flask) -> None:
    text = run("token", "add", "Platform", "--expires", "90d").stdout.strip()
    with app.app_context():
        token = Token.find(text)
        assert token
        assert token.expires_at
        assert timedelta(days=89) < token.expires_at - now() <= timedelta(days=90)


@pytest.mark.parametrize("given", ["90", "5m", "20000d", "soon"])
def test_a_length_of_time_needs_its_unit(run: Run, given: str) -> None:
    answer = run("token", "add", "Platform", "--expires", given)
    assert answer.exit_code == 2
    assert answer.stdout == ""
