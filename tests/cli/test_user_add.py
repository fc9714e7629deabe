"""`webhooks-ui user add`: makes a user, or sets the password of one."""

from flask import Flask

from tests.cli.conftest import Run
from webhooks_ui.accounts import passwords, throttle
from webhooks_ui.models import User

PASSWORD = "correct horse battery staple"
OTHER = "purple monkey dishwasher lamp"


def found(app: Flask, login: str) -> User:
    with app.app_context():
        user = User.by_login(login)
        assert user is not None
        return user


def test_a_new_user_is_an_administrator(run: Run, app: Flask) -> None:
    result = run("user", "add", " Anna ", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (result.exit_code, result.output) == (0, "The user anna was made.\n")
    assert found(app, "anna").role == "admin"
    assert passwords.verify(found(app, "anna").password_hash, PASSWORD)


def test_an_existing_user_gets_the_password_and_keeps_the_role(run: Run, app: Flask) -> None:
    run("user", "add", "anna", "--role", "viewer", "--password-stdin", stdin=PASSWORD)
    result = run("user", "add", "ANNA", "--password-stdin", stdin=f"{OTHER}\r\n")
    assert (result.exit_code, result.output) == (0, "The password of anna was set.\n")
    assert found(app, "anna").role == "viewer"
    assert passwords.verify(found(app, "anna").password_hash, OTHER)
    run("user", "add", "anna", "--role", "editor", "--password-stdin", stdin=OTHER)
    assert found(app, "anna").role == "editor"


def test_the_last_administrator_keeps_the_role_and_the_password(run: Run, app: Flask) -> None:
    run("user", "add", "olena", "--password-stdin", stdin=PASSWORD)
    demotion = ("user", "add", "olena", "--role", "viewer", "--password-stdin")
    result = run(*demotion, stdin=OTHER)
    assert result.exit_code == 1
    assert "role: This is the only administrator." in result.stderr
    assert found(app, "olena").role == "admin"
    assert passwords.verify(found(app, "olena").password_hash, PASSWORD)
    run("user", "add", "maria", "--password-stdin", stdin=PASSWORD)
    assert run(*demotion, stdin=OTHER).exit_code == 0
    assert found(app, "olena").role == "viewer"


def test_setting_the_password_lifts_the_lock_out(run: Run, app: Flask) -> None:
    run("user", "add", "olena", "--password-stdin", stdin=PASSWORD)
    with app.app_context():
        for number in range(throttle.PER_ACCOUNT):
            throttle.check(throttle.Source(throttle.account("olena"), f"198.51.100.{number}"))
        elsewhere = throttle.Source(throttle.account("olena"), "203.0.113.1")
        assert throttle.check(elsewhere) is not None
    run("user", "add", "olena", "--password-stdin", stdin=PASSWORD)
    with app.app_context():
        assert throttle.check(elsewhere) is None


def test_the_password_is_asked_for_twice_and_not_shown(run: Run, app: Flask) -> None:
    result = run("user", "add", "anna", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert passwords.verify(found(app, "anna").password_hash, PASSWORD)


def test_a_password_that_is_refused_is_told_why(run: Run, app: Flask) -> None:
    result = run("user", "add", "anna", "--password-stdin", stdin="short\n")
    assert result.exit_code == 1
    assert "at least 12 characters" in result.stderr
    with app.app_context():
        assert not User.exists()


def test_a_login_that_cannot_be_one_is_refused(run: Run) -> None:
    result = run("user", "add", "an\x1bna", "--password-stdin", stdin=PASSWORD)
    assert result.exit_code == 1
    assert "visible characters" in result.stderr


def test_an_unknown_role_is_refused(run: Run) -> None:
    assert run("user", "add", "anna", "--role", "king").exit_code == 2
