"""The list of channels."""

from flask import Flask
from flask.testing import FlaskClient

from tests.channels.conftest import add
from tests.conftest import make_webhook


def test_nothing_yet(admin: FlaskClient) -> None:
    page = admin.get("/channels").text
    assert "No channels yet" in page
    assert page.count('href="/channels/new"') == 1


def test_each_channel_with_its_webhooks(app: Flask, admin: FlaskClient) -> None:
    add(admin, app)
    add(admin, app, key="4", name="Mail", kind="email")
    make_webhook(admin, channel="telegram-sales")
    make_webhook(admin, channel="telegram-sales")
    deleted = make_webhook(admin, channel="4")
    admin.post(f"/webhooks/{deleted}/delete")

    page = admin.get("/channels").text

    assert "2 channels" in page
    assert page.index(">Mail</a>") < page.index(">Telegram sales</a>")
    assert '<a href="/webhooks?channel=telegram-sales">2 webhooks</a>' in page
    assert "channel=4" not in page
    assert "Not used" in page
    assert "E-mail" in page


def test_names_are_shown_as_text(app: Flask, admin: FlaskClient) -> None:
    add(admin, app, name="<b>&amp;")
    page = admin.get("/channels").text
    assert "&lt;b&gt;&amp;amp;" in page
    assert "<b>&" not in page


def test_only_for_those_signed_in(client: FlaskClient) -> None:
    assert client.get("/channels").status_code == 303
