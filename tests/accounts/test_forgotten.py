"""A forgotten password: the link by e-mail, which tells nobody whether there is an account."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from tests.accounts.conftest import add, enter
from tests.audit.conftest import entries
from tests.conftest import PASSWORD, sign_in
from tests.support.apps import ON_BOTH_DATABASES
from tests.support.mail_server import Delivered, MailServer
from tests.support.waiting import wait_until
from webhooks_ui.accounts import people, throttle
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import AccountLink, User
from webhooks_ui.settings import addresses

NEW = "plum copper violin 42"
ON_ITS_WAY = "If an account with this login has an e-mail address, a link is on its way."


def can_mail(port: int) -> dict[str, Any]:
    """What lets the console e-mail links."""
    return {
        "SMTP_URL": addresses.mail_server(f"smtp://127.0.0.1:{port}"),
        "NOTICE_FROM": "hooks@acme.example",
        "PUBLIC_URL": "http://localhost",
    }


@pytest.fixture
def mail(app: Flask) -> Iterator[MailServer]:
    with MailServer() as server:
        app.config.update(can_mail(server.port))
        yield server
        app.extensions["account_mail"].close()


def give_address(app: Flask, login: str, **columns: Any) -> None:
    with app.app_context(), transaction():
        values = {"email": f"{login}@acme.example"} | columns
        db.session.execute(update(User).where(User.login == login).values(**values))


def ask(app: Flask, login: str, address: str = "192.0.2.1", **more: Any) -> TestResponse:
    """A browser of its own asks for a link; the page that it comes to."""
    data, environ = {"login": login}, {"REMOTE_ADDR": address}
    browser = app.test_client()
    return browser.post(
        "/forgotten", data=data, environ_base=environ, follow_redirects=True, **more
    )


def links_in_the_log(app: Flask) -> list[Any]:
    return [one for one in entries(app) if one.action.startswith("user.link")]


def link_in(message: Delivered) -> str:
    found = re.search(r"http://localhost(/invitation\?token=\S+)", message.message.get_content())
    assert found
    return found[1]


@ON_BOTH_DATABASES
def test_the_link_sets_a_new_password_once_and_ends_every_session(
    app: Flask, mail: MailServer, password_hash: str
) -> None:
    add(app, "olena", password_hash)
    give_address(app, "olena")
    elsewhere = sign_in(app, "olena")
    answer = ask(app, " OLENA ")
    assert (answer.status_code, answer.request.path) == (200, "/login")
    assert ON_ITS_WAY in answer.text
    (message,) = mail.wait()
    assert message.recipients == ["olena@acme.example"]
    assert message.message["Subject"] == "Reset your webhook console password"
    assert "the password of your account olena" in message.message.get_content()
    link, guest = link_in(message), app.test_client()
    assert "Set a new password" in guest.get(link).text
    assert guest.post(link, data={"password": NEW}).location == "/webhooks"
    assert elsewhere.get("/webhooks").location.startswith("/login")
    assert guest.get(link).status_code == 404
    assert enter(app.test_client(), password=PASSWORD).status_code == 422
    assert enter(app.test_client(), password=NEW).status_code == 303


def test_who_cannot_get_one_is_answered_alike_and_sent_nothing(
    app: Flask, mail: MailServer
) -> None:
    for login in ("olena", "taras", "maria", "ivan@acme.example"):
        sign_in(app, login)
    give_address(app, "olena")
    give_address(app, "maria", oidc_subject="x")  # who signs in at the provider
    pages = {login: ask(app, login, f"192.0.2.{n}") for n, login in enumerate(("taras", "nobody"))}
    pages |= {"maria": ask(app, "maria"), "olena": ask(app, "olena")}
    tokens = re.compile(r'(name="csrf_token" value=)"[^"]+"')
    assert len({tokens.sub(r"\1", page.text) for page in pages.values()}) == 1
    ask(app, "ivan@acme.example")  # a login that is an address; messages keep their order
    assert [one.recipients for one in mail.wait(2)] == [
        ["olena@acme.example"],
        ["ivan@acme.example"],
    ]
    assert len(mail.messages) == 2


def test_it_is_an_hour_and_a_stranger_ends_no_other_link(app: Flask, mail: MailServer) -> None:
    sign_in(app, "olena")
    give_address(app, "olena")
    with app.app_context():
        user = User.by_login("olena")
        assert user
        given = people.offer_new_password(user.id, None)
    ask(app, "olena")
    link = link_in(mail.wait()[0])
    with app.app_context():
        assert given
        assert AccountLink.find(given)
        newest = db.session.scalars(select(AccountLink).order_by(AccountLink.id.desc())).first()
        assert newest
        assert timedelta(minutes=59) < newest.expires_at - now() <= timedelta(hours=1)
    app.test_client().post(link, data={"password": NEW})
    assert app.test_client().get(f"/invitation?token={given}").status_code == 404


def test_one_waits_after_three_for_an_account_or_ten_from_a_network(
    app: Flask, mail: MailServer
) -> None:
    sign_in(app, "olena")
    give_address(app, "olena")
    for login in ("olena", "nobody"):
        answers = [ask(app, login, f"198.51.100.{n}") for n in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert "Too many requests. Wait 15 minutes" in answers[-1].text
        assert int(answers[-1].headers["Retry-After"]) > 800
    network = [ask(app, f"user{n}").status_code for n in range(11)]
    assert network == [200] * 10 + [429]
    assert enter(app.test_client(), address="192.0.2.1").status_code == 422  # not locked out
    assert len(mail.wait(3)) == throttle.LINKS_PER_ACCOUNT


def test_it_is_audited_without_what_was_typed(app: Flask, mail: MailServer) -> None:
    sign_in(app, "olena")
    give_address(app, "olena")
    ask(app, "my secret password")
    ask(app, "olena", "192.0.2.7")
    wait_until(lambda: len(links_in_the_log(app)) == 3, what="the record of the message")
    found = links_in_the_log(app)
    assert [(one.action, one.actor_kind, one.object_name) for one in found] == [
        ("user.link_asked_for", "nobody", ""),
        ("user.link_asked_for", "nobody", ""),
        ("user.link_mailed", "nobody", "olena"),
    ]
    assert [one.address for one in found] == ["192.0.2.1", "192.0.2.7", None]
    assert found[-1].details == {"address": "192.0.2.7"}


def test_page_and_message_speak_ukrainian(app: Flask, mail: MailServer) -> None:
    sign_in(app, "olena")
    give_address(app, "olena")
    headers = {"Accept-Language": "uk"}
    assert "Забули пароль?" in app.test_client().get("/login", headers=headers).text
    assert "Надіслати посилання" in app.test_client().get("/forgotten", headers=headers).text
    ask(app, "olena", headers=headers)
    assert "Відновлення пароля" in mail.wait()[0].message["Subject"]


@pytest.mark.parametrize("missing", ["SMTP_URL", "NOTICE_FROM", "PUBLIC_URL"])
def test_without_mail_it_says_how_else(app: Flask, client: FlaskClient, missing: str) -> None:
    """Without PUBLIC_URL too: whoever asks names the host, and a link must not lead there."""
    sign_in(app, "olena")
    app.config.update(can_mail(9) | {missing: None})
    for answer in (client.get("/forgotten"), client.post("/forgotten", data={"login": "olena"})):
        assert "webhooks-ui user password --link" in answer.text
        assert "E-mail the link" not in answer.text
    assert answer.status_code == 422
    assert "Save address" not in sign_in(app, "olena").get("/settings/account").text


def test_a_mail_server_that_refuses_is_in_the_log(
    app: Flask, mail: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(app, "olena")
    give_address(app, "olena")
    mail.refusal = "550 5.1.1 nobody"
    assert ON_ITS_WAY in ask(app, "olena").text
    words = "A link for a new password could not be e-mailed"
    wait_until(lambda: words in caplog.text, 10, "the line in the log")
    assert [one.action for one in links_in_the_log(app)] == ["user.link_asked_for"]


@pytest.mark.usefixtures("olena", "mail")
def test_the_address_is_set_with_the_password(app: Flask) -> None:
    browser = sign_in(app, "olena")

    def save(email: str, password: str) -> TestResponse:
        data = {"email": email, "passphrase": password}
        return browser.post("/settings/account/email", data=data)

    for email, password, said in (
        ("olena", PASSWORD, "Enter an e-mail address"),
        (f"{'a' * 250}@acme.example", PASSWORD, "Enter an e-mail address"),
        ("olena@acme.example", "wrong", "This is not your current password."),
        ("olena@acme.example", "", "Enter your current password."),
    ):
        answer = save(email, password)
        assert (answer.status_code, said in answer.text) == (422, True), email
    assert save(" olena@Acme.example ", PASSWORD).status_code == 303
    assert 'value="olena@acme.example"' in browser.get("/settings/account").text
    (changed,) = [one for one in entries(app) if one.action == "user.changed"]
    assert changed.changes == {"email": [None, "olena@acme.example"]}
    assert save("", PASSWORD).status_code == 303
    assert 'value="olena@acme.example"' not in browser.get("/settings/account").text
