"""Deleting a channel."""

from flask import Flask
from flask.testing import FlaskClient

from tests.channels.conftest import add
from tests.conftest import make_webhook, sign_in, stored
from webhooks_ui.models import Channel


def count(app: Flask) -> int:
    with app.app_context():
        return len(Channel.choices())


def test_an_unused_channel_is_deleted_for_good(app: Flask, admin: FlaskClient) -> None:
    public_id = add(admin, app)
    page = admin.get(f"/channels/{public_id}/edit").text
    assert "Delete “<bdi>Telegram sales</bdi>”" in page

    answer = admin.post(f"/channels/{public_id}/delete")

    assert (answer.status_code, answer.location) == (303, "/channels")
    assert "Channel “Telegram sales” deleted." in admin.get("/channels").text
    assert count(app) == 0
    assert admin.post(f"/channels/{public_id}/delete").status_code == 404


def test_a_channel_in_use_stays_and_its_webhooks_are_named(app: Flask, admin: FlaskClient) -> None:
    public_id = add(admin, app)
    webhooks = [make_webhook(admin, name=f"No. {n}", channel="telegram-sales") for n in (1, 2)]

    answer = admin.post(f"/channels/{public_id}/delete")

    assert answer.status_code == 409
    assert "“<bdi>Telegram sales</bdi>” was not deleted." in answer.text
    assert "2 webhooks use this channel." in answer.text
    for webhook in webhooks:
        assert f'href="/webhooks/{webhook}/edit"' in answer.text
    assert count(app) == 1


def test_a_deleted_webhook_comes_back_disabled_when_its_channel_is_gone(
    app: Flask, admin: FlaskClient
) -> None:
    public_id = add(admin, app)
    webhook = make_webhook(admin, channel="telegram-sales")
    admin.post(f"/webhooks/{webhook}/delete")

    assert admin.post(f"/channels/{public_id}/delete").status_code == 303
    assert admin.post(f"/webhooks/{webhook}/restore").status_code == 303

    back = stored(app, webhook)
    assert (back.channel_id, back.enabled, back.disabled_reason) == (None, False, "manual")
    assert admin.get(f"/webhooks/{webhook}").status_code == 200


def test_opening_the_address_deletes_nothing(app: Flask, admin: FlaskClient) -> None:
    public_id = add(admin, app)
    assert admin.get(f"/channels/{public_id}/delete").status_code == 405
    assert count(app) == 1


def test_a_viewer_may_not(app: Flask, admin: FlaskClient) -> None:
    public_id = add(admin, app)
    viewer = sign_in(app, "guest", role="viewer")
    assert viewer.post(f"/channels/{public_id}/delete").status_code == 403
    assert count(app) == 1
