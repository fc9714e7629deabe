"""Editing a channel."""

from flask import Flask
from flask.testing import FlaskClient

from tests.channels.conftest import FORM, add, find
from tests.conftest import make_webhook
from webhooks_ui.database.engine import db
from webhooks_ui.models import Channel
from webhooks_ui.models.channel_changes import ChannelSettings, delete, save


def test_everything_may_change(app: Flask, admin: FlaskClient) -> None:
    url = f"/channels/{add(admin, app)}/edit"
    assert 'value="telegram-sales"' in admin.get(url).text
    changed = {"key": "sales", "name": "Sales", "kind": "viber"}

    answer = admin.post(url, data=changed)

    assert (answer.status_code, answer.location) == (303, "/channels")
    assert find(app, "sales").snapshot == changed
    assert find(app, "sales").updated_at >= find(app, "sales").created_at


def test_saving_without_a_change_is_fine(app: Flask, admin: FlaskClient) -> None:
    assert admin.post(f"/channels/{add(admin, app)}/edit", data=FORM).status_code == 303


def test_the_key_of_another_channel_is_refused(app: Flask, admin: FlaskClient) -> None:
    add(admin, app)
    other = add(admin, app, key="4", name="Mail")
    answer = admin.post(f"/channels/{other}/edit", data=FORM | {"name": "Mail"})
    assert answer.status_code == 422
    assert "The channel “Telegram sales” has this key." in answer.text
    assert find(app, "4").name == "Mail"


def test_webhooks_follow_a_changed_key(app: Flask, admin: FlaskClient) -> None:
    public_id = add(admin, app)
    make_webhook(admin, channel="telegram-sales")
    admin.post(f"/channels/{public_id}/edit", data=FORM | {"key": "sales"})
    assert "CRM" in admin.get("/webhooks?channel=sales").text


def test_the_page_names_the_webhooks_that_use_it(app: Flask, admin: FlaskClient) -> None:
    public_id = add(admin, app)
    webhook = make_webhook(admin, channel="telegram-sales")
    page = admin.get(f"/channels/{public_id}/edit").text
    assert f'href="/webhooks/{webhook}"' in page
    assert "1 webhook listens to this channel alone" in page
    assert f"/channels/{public_id}/delete" not in page


def test_what_is_gone_is_not_found(app: Flask, admin: FlaskClient) -> None:
    assert admin.get("/channels/ch_gone/edit").status_code == 404
    public_id = add(admin, app)
    with app.app_context():
        channel = Channel.by_public_id(public_id)
        assert channel
        with app.app_context():
            same = Channel.by_public_id(public_id)
            assert same
            assert delete(same) == []
        assert save(channel, ChannelSettings("4", "Mail", "email")) is None
        assert db.session.scalars(db.select(Channel)).all() == []
