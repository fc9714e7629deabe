"""The people of the console: invited, given roles, signed out, removed, by administrators alone."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_login import current_user
from sqlalchemy import delete, update

from tests.accounts.conftest import enter
from tests.conftest import sign_in
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.accounts import people, throttle, users
from webhooks_ui.audit import AuditEntry
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import AccountLink, User, UserSession
from webhooks_ui.models.token import digest

PASSWORD = "plum copper violin 42"


def invite(admin: FlaskClient, role: str = "editor") -> str:
    """Invites somebody; the path of the link."""
    assert admin.post("/settings/users/new", data={"role": role}).status_code == 303
    return shown(admin.get("/settings/users").text)


def shown(page: str) -> str:
    found = re.search(r'<code id="new-link">http://[^/]+(/invitation[^<]+)</code>', page)
    assert found, page
    return html.unescape(found[1])


@contextmanager
def user(app: Flask, login: str) -> Iterator[User]:
    with app.app_context():
        found = User.by_login(login)
        assert found
        yield found


def path(app: Flask, login: str) -> str:
    with user(app, login) as found:
        return f"/settings/users/{found.id}"


def test_the_button_of_each_invitation_names_it(admin: FlaskClient) -> None:
    for role in ("viewer", "admin"):
        invite(admin, role)
    page = admin.get("/settings/users").text
    names = re.findall(r"Withdraw<span[^>]*>: (\w+), \d", page)
    assert names == ["Administrator", "Viewer"]


@ON_BOTH_DATABASES
def test_an_invited_person_chooses_a_password_and_is_signed_in(app: Flask) -> None:
    admin = sign_in(app, "olena")
    link, guest = invite(admin, "viewer"), app.test_client()
    assert "Open invitations" in admin.get("/settings/users").text

    assert "You are invited." in guest.get(link).text
    answer = guest.post(link, data={"login": "Taras", "password": PASSWORD})

    assert (answer.status_code, answer.location) == (303, "/webhooks")
    assert guest.get("/webhooks").status_code == 200
    with user(app, "taras") as taras:
        assert taras.role == "viewer"
    page = admin.get("/settings/users").text
    assert "taras" in page
    assert "Open invitations" not in page
    assert app.test_client().get(link).status_code == 404  # it worked once


def test_a_link_is_shown_once(admin: FlaskClient) -> None:
    link = invite(admin)
    assert link.split("token=")[1] not in admin.get("/settings/users").text


@pytest.mark.parametrize(
    ("login", "password", "said"),
    [
        ("", PASSWORD, "Enter a login."),
        ("OLENA", PASSWORD, "This login is taken."),
        ("taras", "short", "Use at least 12 characters"),
    ],
)
def test_what_is_refused_leaves_the_link_as_it_was(
    app: Flask, admin: FlaskClient, login: str, password: str, said: str
) -> None:
    link, guest = invite(admin), app.test_client()
    answer = guest.post(link, data={"login": login, "password": password})
    assert answer.status_code == 422
    assert said in answer.text
    assert guest.get(link).status_code == 200


def test_a_withdrawn_or_old_invitation_no_longer_works(app: Flask, admin: FlaskClient) -> None:
    withdrawn, old = invite(admin), invite(admin)
    with app.app_context():
        newest, oldest = AccountLink.invitations()
        first, second = oldest.id, newest.id
    assert admin.post(f"/settings/users/invitations/{first}/withdraw").status_code == 303
    with app.app_context(), transaction():
        db.session.execute(
            update(AccountLink)
            .where(AccountLink.id == second)
            .values(expires_at=now() - timedelta(seconds=1))
        )
    for link in (withdrawn, old, "/invitation?token=none", "/invitation"):
        answer = app.test_client().get(link)
        assert answer.status_code == 404
        assert "This link no longer works" in answer.text
        assert 'href="/login"' in answer.text
        signed_in = admin.get(link).text
        assert 'class="btn primary" href="/webhooks"' in signed_in
        assert 'href="/login"' not in signed_in
        sent = app.test_client().post(link, data={"login": "x", "password": PASSWORD})
        assert sent.status_code == 404


@ON_BOTH_DATABASES
def test_a_link_for_a_new_password_ends_every_session(app: Flask) -> None:
    admin, taras = sign_in(app, "olena"), sign_in(app, "taras", role="editor")
    own = path(app, "taras")
    assert admin.post(f"{own}/link").status_code == 303
    link, guest = shown(admin.get(own).text), app.test_client()

    assert "For the account <bdi>taras</bdi>." in guest.get(link).text
    answer = guest.post(link, data={"login": "olena", "password": PASSWORD})

    assert answer.status_code == 303
    assert guest.get("/settings/account").status_code == 200
    assert taras.get("/settings/account").status_code == 303
    with user(app, "taras") as found:
        assert found.role == "editor"
    with user(app, "olena") as found:
        assert found.password_hash == "x"


def test_who_may_not_sign_in_yet_is_told_that_the_account_is_made(
    app: Flask, admin: FlaskClient
) -> None:
    link, guest = invite(admin), app.test_client()
    for number in range(throttle.PER_NETWORK):
        enter(guest, f"somebody-{number}", "wrong")
    answer = guest.post(link, data={"login": "taras", "password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/login")
    page = guest.get("/login").text
    assert "The password is set, but you are not signed in with it. Too many failed" in page
    with user(app, "taras"):
        pass
    assert admin.post(invite(admin), data={"login": "ivan", "password": PASSWORD}).location
    page = admin.get("/webhooks").text
    assert "not signed in with it" in page
    assert "Welcome. You are signed in." not in page


def test_who_is_signed_in_as_another_enters_the_code_of_the_account_that_the_link_is_for(
    app: Flask, admin: FlaskClient
) -> None:
    sign_in(app, "taras", role="editor")
    with app.app_context(), transaction():
        taras = User.by_login("taras")
        assert taras
        taras.totp_secret = current_vault().encrypt("A" * 32, taras.secret_context)
        taras.recovery_codes = [digest("0123456789")]
        link = AccountLink.issue("editor", user=taras)
    answer = admin.post(f"/invitation?token={link}", data={"password": PASSWORD})
    assert answer.location == "/login/code"
    assert "Welcome. You are signed in." not in admin.get("/login/code").text
    assert admin.post("/login/code", data={"code": "0123456789"}).location == "/webhooks"
    assert "taras" in admin.get("/settings/account").text


def test_a_second_link_ends_the_first(app: Flask, admin: FlaskClient) -> None:
    sign_in(app, "taras", role="editor")
    own, links = path(app, "taras"), []
    for _ in range(2):
        admin.post(f"{own}/link")
        links.append(shown(admin.get(own).text))
    assert [app.test_client().get(link).status_code for link in links] == [404, 200]


def test_a_role_counts_at_once(app: Flask, admin: FlaskClient) -> None:
    taras = sign_in(app, "taras", role="editor")
    own = path(app, "taras")
    assert admin.post(f"{own}/role", data={"role": "viewer"}).status_code == 303
    assert taras.post("/channels/new", data={}).status_code == 403
    assert admin.post(f"{own}/role", data={"role": "owner"}).status_code == 422


def test_the_last_administrator_stays_one(app: Flask, admin: FlaskClient) -> None:
    own = path(app, "olena")
    for action, data in (("role", {"role": "viewer"}), ("remove", {})):
        answer = admin.post(f"{own}/{action}", data=data)
        assert answer.status_code == 409
        assert "This is the only administrator." in answer.text
    with user(app, "olena") as olena:
        assert olena.role == "admin"
    sign_in(app, "maria", role="admin")
    assert admin.post(f"{own}/role", data={"role": "viewer"}).status_code == 303
    assert admin.get("/settings/users").status_code == 403


def test_a_removed_person_is_signed_out(app: Flask, admin: FlaskClient) -> None:
    taras = sign_in(app, "taras", role="editor")
    own = path(app, "taras")
    assert admin.post(f"{own}/remove").status_code == 303
    assert "taras is removed" in admin.get("/settings/users").text
    assert taras.get("/webhooks").status_code == 303
    assert admin.get(own).status_code == 404
    assert admin.post(f"{own}/remove").status_code == 303


@ON_BOTH_DATABASES
def test_nobody_gets_the_id_of_a_removed_person(app: Flask, admin: FlaskClient) -> None:
    sign_in(app, "taras", role="editor")
    own = path(app, "taras")
    admin.post(f"{own}/remove")
    with app.app_context():
        assert not users.add_user("maria", PASSWORD, "editor")
    assert path(app, "maria") > own


def test_nothing_is_said_to_be_done_to_a_person_who_is_gone(
    app: Flask, admin: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "webhooks_ui.security")
    for action in ("sign-out", "link"):
        assert admin.post(f"/settings/users/999/{action}").status_code == 404
    assert "user:999" not in caplog.text
    with app.app_context():
        assert not db.session.query(AuditEntry).filter_by(object_id="999").count()


def test_sessions_are_ended_by_an_administrator(app: Flask, admin: FlaskClient) -> None:
    taras = sign_in(app, "taras", role="viewer")
    assert admin.post(f"{path(app, 'taras')}/sign-out").status_code == 303
    assert taras.get("/webhooks").status_code == 303


def test_an_administrator_may_end_the_own_sessions_too(app: Flask, admin: FlaskClient) -> None:
    sign_in(app, "taras")
    assert admin.post(f"{path(app, 'olena')}/sign-out").status_code == 303
    assert admin.get("/webhooks").location.startswith("/login")


def test_nobody_removes_the_own_account(app: Flask, admin: FlaskClient) -> None:
    sign_in(app, "taras")
    own = path(app, "olena")
    answer = admin.post(f"{own}/remove")
    assert answer.status_code == 409
    assert answer.text.count("You cannot remove yourself. Another administrator can.") == 2
    assert admin.get(own).status_code == 200


def test_a_session_that_ends_while_its_request_runs_leads_to_the_sign_in(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late() -> str:
        with transaction():
            db.session.execute(delete(UserSession))
        return str(current_user.login)  # as a page does

    monkeypatch.setitem(app.view_functions, "channels.index", late)
    answer = admin.get("/channels")
    assert (answer.status_code, answer.location) == (303, "/login")


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_others_may_not(app: Flask, role: str) -> None:
    sign_in(app, "olena")
    own, guest = path(app, "olena"), sign_in(app, "guest", role=role)
    for page in ("/settings/users", "/settings/users/new", own):
        assert guest.get(page).status_code == 403
    for page in ("/settings/users/new", f"{own}/role", f"{own}/link", f"{own}/remove"):
        assert guest.post(page, data={"role": "admin"}).status_code == 403
    with app.app_context():
        assert AccountLink.invitations() == []
        assert UserSession.of(User.by_login("olena"))  # type: ignore[arg-type]


@ON_BOTH_DATABASES
def test_nobody_is_made_by_a_link_that_was_used_meanwhile(app: Flask) -> None:
    with app.app_context():
        text = people.invite("editor", "olena")
        assert people.use_link(text, "taras", PASSWORD) == {}
        assert people.use_link(text, "maria", PASSWORD) is None
        assert User.by_login("maria") is None
