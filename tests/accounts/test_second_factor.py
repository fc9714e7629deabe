"""The second factor: set up with an app, asked for after the password, recovered, switched off."""

import base64
import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.audit.conftest import actions
from tests.cli.conftest import Run, data_dir, run
from tests.conftest import PASSWORD, sign_in
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.accounts import second_factor, throttle, users
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import AccountLink, User
from webhooks_ui.models.user import NO_PASSWORD

__all__ = ["data_dir", "run"]  # fixtures
PAGE = "/settings/account/second-factor"

pytestmark = pytest.mark.usefixtures("standing_clock")


def code_of(secret: str, after: int = 0) -> str:
    """What the app shows, `after` so many steps of 30 seconds."""
    moment = int(vars(second_factor)["now"]().timestamp()) + after * second_factor.STEP
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(moment).decode()  # noqa: S303  # RFC 6238


@pytest.fixture
def user(app: Flask) -> Flask:
    with app.app_context():
        assert users.add_user("olena", PASSWORD) == {}
    return app


def password_given(app: Flask) -> FlaskClient:
    """A browser after the first step."""
    browser = app.test_client()
    answer = browser.post("/login", data={"login": "olena", "password": PASSWORD})
    assert "Enter the code" in answer.text
    assert browser.get("/webhooks").status_code == 303
    return browser


def set_up(app: Flask) -> tuple[str, list[str]]:
    """Switches it on by the page; the secret and the recovery codes."""
    browser = sign_in(app, "olena")
    page = browser.get(PAGE).text
    secret = re.findall(r'<code id="secret">(\w+)</code>', page)[0]
    sealed = html.unescape(re.findall(r'name="sealed"[^>]*value="([^"]+)"', page)[0])
    assert "<svg" in page
    wrong = browser.post(PAGE, data={"sealed": sealed, "code": "000"})
    assert wrong.status_code == 422
    assert secret in wrong.text  # the same, since it is in the app already
    right = {"sealed": sealed, "code": code_of(secret, after=-1)}
    answer, again = browser.post(PAGE, data=right), browser.post(PAGE, data=right)
    assert answer.status_code == 303, answer.text
    assert (again.status_code, again.location) == (303, PAGE)  # a second click loses no codes
    page = browser.get(PAGE).text
    codes = re.findall(r"^([0-9a-f]{10})$", re.sub(r"<[^>]+>", "\n", page), re.MULTILINE)
    assert len(codes) == second_factor.CODES
    assert codes[0] not in browser.get(PAGE).text  # shown once
    return secret, codes


@ON_BOTH_DATABASES
def test_the_code_is_asked_for_after_the_password(user: Flask) -> None:
    secret, _codes = set_up(user)
    browser = password_given(user)
    code = code_of(secret)
    answer = browser.post("/login/code?next=/channels", data={"code": f"{code[:3]} {code[3:]}"})
    assert (answer.status_code, answer.location) == (303, "/channels")
    assert browser.get("/channels").status_code == 200
    assert {"user.second_factor_on", "user.signed_in"} <= {*actions(user)}


@ON_BOTH_DATABASES
def test_two_clicks_at_the_same_moment_leave_the_codes_of_the_first(user: Flask) -> None:
    secret = second_factor.new_secret()
    with user.app_context():
        found = User.by_login("olena")
        assert found
        shown = second_factor.enable(found.id, secret, code_of(secret))
        assert second_factor.enable(found.id, secret, code_of(secret)) == []
        assert shown
        with transaction():
            assert second_factor.use(found, shown[0])


def test_a_code_is_accepted_once(user: Flask) -> None:
    secret, _codes = set_up(user)
    code = code_of(secret)
    assert password_given(user).post("/login/code", data={"code": code}).status_code == 303
    again = password_given(user).post("/login/code", data={"code": code})
    assert again.status_code == 422
    assert "This code is wrong or was used already." in again.text


def test_a_recovery_code_works_once_in_place_of_a_code(user: Flask) -> None:
    _secret, codes = set_up(user)
    assert password_given(user).post("/login/code", data={"code": codes[3]}).status_code == 303
    assert password_given(user).post("/login/code", data={"code": codes[3]}).status_code == 422
    assert "user.recovery_code_used" in actions(user)


def test_guesses_are_limited_and_recorded(user: Flask) -> None:
    secret, _codes = set_up(user)
    browser = password_given(user)
    answers = [
        browser.post("/login/code", data={"code": "123"})
        for _ in range(throttle.PER_ACCOUNT_AND_NETWORK)
    ]
    assert [answer.status_code for answer in answers] == [422] * 4 + [429]
    assert browser.post("/login/code", data={"code": code_of(secret)}).status_code == 429
    assert actions(user).count("user.code_refused") == 4


def test_without_the_password_there_is_no_second_step(user: Flask) -> None:
    secret, _codes = set_up(user)
    browser = user.test_client()
    answer = browser.post("/login/code", data={"code": code_of(secret)})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert browser.get("/webhooks").location.startswith("/login")


def test_a_new_password_ends_the_first_step(user: Flask) -> None:
    secret, _codes = set_up(user)
    browser = password_given(user)
    with user.app_context():
        users.set_password("olena", "five lanterns over quiet water")
    assert browser.post("/login/code", data={"code": code_of(secret)}).location == "/login"
    assert browser.get("/webhooks").status_code == 303


def test_the_secret_is_encrypted_and_the_codes_are_hashed(user: Flask) -> None:
    secret, codes = set_up(user)
    with user.app_context():
        row = str(db.session.execute(text("SELECT * FROM users")).all())
        log = str(db.session.execute(text("SELECT * FROM audit_entries")).all())
    for kept in (row, log):
        assert secret not in kept
        assert not [code for code in codes if code in kept]
    assert "v1." not in log


@pytest.mark.parametrize("way", ["own", "administrator", "command"])
def test_it_is_switched_off(user: Flask, run: Run, way: str) -> None:
    set_up(user)
    if way == "own":
        answer = sign_in(user, "olena").post(f"{PAGE}/remove", data={"passphrase": PASSWORD})
        assert answer.location == "/settings/account"
    elif way == "administrator":
        with user.app_context():
            found = User.by_login("olena")
            assert found is not None
            path = f"/settings/users/{found.id}/second-factor/remove"
        assert "Switch the second factor off" in sign_in(user, "taras").get(path[:-21]).text
        sign_in(user, "taras").post(path)
    else:
        assert run("user", "remove-second-factor", "olena").exit_code == 0
    assert "user.second_factor_off" in actions(user)
    browser = user.test_client()
    answer = browser.post("/login", data={"login": "olena", "password": PASSWORD})
    assert answer.status_code == 303


def test_a_browser_that_is_signed_in_is_not_enough_to_switch_it_off(user: Flask) -> None:
    _secret, codes = set_up(user)
    browser = sign_in(user, "olena")
    for fields, words in (
        ({}, "Enter your current password."),
        ({"passphrase": "wrong"}, "This is not your current password."),
        ({"code": codes[0]}, "Enter your current password."),
    ):
        answer = browser.post(f"{PAGE}/remove", data=fields)
        assert answer.status_code == 422
        assert words in answer.text
    with user.app_context():
        found = User.by_login("olena")
        assert found
        path = f"/settings/users/{found.id}"
    assert "Switch the second factor off" not in browser.get(path).text
    assert browser.post(f"{path}/second-factor/remove").location == PAGE
    for _ in range(throttle.PER_ACCOUNT_AND_NETWORK):
        answer = browser.post(f"{PAGE}/remove", data={"passphrase": "wrong"})
    assert answer.status_code == 429
    assert "Too many failed attempts." in answer.text
    assert "user.second_factor_off" not in actions(user)


def test_who_has_no_password_switches_it_off_by_a_code(user: Flask) -> None:
    _secret, codes = set_up(user)
    with user.app_context(), transaction():
        found = User.by_login("olena")
        assert found
        found.password_hash = NO_PASSWORD
    browser = sign_in(user, "olena")
    page = browser.get(PAGE).text
    assert 'name="code"' in page
    assert 'name="passphrase"' not in page
    for fields, words in (
        ({}, "Enter the code."),
        ({"passphrase": NO_PASSWORD}, "Enter the code."),
        ({"code": "123456"}, "This code is wrong or was used already."),
    ):
        answer = browser.post(f"{PAGE}/remove", data=fields)
        assert answer.status_code == 422
        assert words in answer.text
    assert browser.post(f"{PAGE}/remove", data={"code": codes[0]}).status_code == 303
    assert browser.post(f"{PAGE}/remove").status_code == 303  # a second click
    assert "user.second_factor_off" in actions(user)


def test_a_changed_password_keeps_the_session_without_a_code(user: Flask) -> None:
    set_up(user)
    browser = sign_in(user, "olena")
    form = {"current_password": PASSWORD, "password": "five lanterns over quiet water"}
    assert browser.post("/settings/account", data=form).status_code == 303
    assert browser.get("/webhooks").status_code == 200


def test_steps_before_and_after_are_accepted_and_no_further() -> None:
    secret, moment = second_factor.new_secret(), datetime(2026, 11, 28, 12, tzinfo=UTC)
    step = int(moment.timestamp()) // second_factor.STEP
    for drift in range(-3, 4):
        there = moment + timedelta(seconds=second_factor.STEP * drift)
        code = _code_at(secret, there)
        found = second_factor.step_of(secret, code, moment, None)
        assert found == (step + drift if abs(drift) <= 1 else None)


def test_a_code_used_while_the_clock_was_ahead_refuses_none_of_today() -> None:
    secret, moment = second_factor.new_secret(), datetime(2026, 11, 28, 12, tzinfo=UTC)
    step, code = int(moment.timestamp()) // second_factor.STEP, _code_at(secret, moment)
    used_at = {
        offset: second_factor.step_of(secret, code, moment, step + offset) for offset in (1, 2)
    }
    assert used_at == {1: None, 2: step}


def _code_at(secret: str, moment: datetime) -> str:
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)  # noqa: S303
    return totp.generate(int(moment.timestamp())).decode()


def test_a_link_for_a_new_password_asks_for_the_code_too(user: Flask) -> None:
    set_up(user)
    with user.app_context(), transaction():
        found = User.by_login("olena")
        assert found is not None
        link = AccountLink.issue("admin", user=found)
    browser = user.test_client()
    answer = browser.post(
        f"/invitation?token={link}", data={"password": "five lanterns over quiet water"}
    )
    assert answer.location == "/login/code"
    assert browser.get("/webhooks").status_code == 303
