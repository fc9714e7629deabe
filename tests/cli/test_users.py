"""`webhooks-ui user list`, `user remove` and `user password`."""

import json

import pytest
from flask import Flask

from tests.cli.conftest import Run
from webhooks_ui.models import AccountLink, User

PASSWORD = "plum copper violin 42\n"


def add(run: Run, login: str, role: str) -> None:
    answer = run("user", "add", login, "--role", role, "--password-stdin", stdin=PASSWORD)
    assert answer.exit_code == 0, answer.output


def test_users_are_listed_and_removed_but_the_last_administrator(run: Run) -> None:
    add(run, "olena", "admin")
    add(run, "taras", "viewer")
    found = json.loads(run("user", "list", "--json").stdout)
    assert [(one["login"], one["role"]) for one in found] == [
        ("olena", "admin"),
        ("taras", "viewer"),
    ]
    assert "taras" in run("user", "list").stdout

    assert run("user", "remove", "taras").exit_code == 0
    refused = run("user", "remove", "olena")
    assert (refused.exit_code, "only administrator" in refused.stderr) == (1, True)
    unknown = run("user", "remove", "taras")
    assert (unknown.exit_code, "There is no user" in unknown.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (("user", "add", "ol\udcffena", "--password-stdin"), PASSWORD),
        (("user", "remove", "ol\udcffena"), ""),
        (("token", "revoke", "\udcff"), ""),
        (("user", "add", "olena", "--password-stdin"), b"plum \xff violin 42\n"),
    ],
)
def test_what_is_not_utf8_is_refused_in_words(
    run: Run, arguments: tuple[str, ...], stdin: str | bytes
) -> None:
    refused = run(*arguments, stdin=stdin)
    assert (refused.exit_code, "not UTF-8 text" in refused.stderr) == (1, True)


def test_a_password_is_set_or_a_link_for_it_is_printed(run: Run, app: Flask) -> None:
    add(run, "olena", "admin")
    answer = run("user", "password", "olena", "--password-stdin", stdin="violin plum copper 7\n")
    assert answer.exit_code == 0

    link = run("user", "password", "olena", "--link").stdout.strip()
    with app.app_context():
        found = AccountLink.find(link.partition("token=")[2])
        assert found
        assert found.user == User.by_login("olena")


@pytest.mark.parametrize(
    ("settings", "base"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"HOST": "0.0.0.0", "PORT": "80"}, "http://127.0.0.1:80"),
        ({"HOST": "::"}, "http://[::1]:8000"),
        ({"HOST": "fd00::1"}, "http://[fd00::1]:8000"),
        ({"HOST": "console.internal"}, "http://console.internal:8000"),
        ({"HOST": "::", "PUBLIC_URL": "https://hooks.example/c/"}, "https://hooks.example/c"),
    ],
)
def test_a_link_can_be_opened(
    run: Run, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], base: str
) -> None:
    add(run, "olena", "admin")
    for name, value in settings.items():
        monkeypatch.setenv(f"WEBHOOKS_UI_{name}", value)
    link = run("user", "password", "olena", "--link").stdout
    assert link.startswith(f"{base}/invitation?token=")
