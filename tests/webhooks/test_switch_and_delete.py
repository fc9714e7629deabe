"""Enabling, disabling, deleting, undoing, rotating the secret: by form and by htmx."""

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_webhook, piece, sign_in, stored
from webhooks_ui.models import Webhook


def test_disable_and_enable(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)

    assert admin.post(f"/webhooks/{public_id}/disable").status_code == 303
    assert stored(app, public_id).disabled_reason == "manual"
    assert admin.post(f"/webhooks/{public_id}/enable").status_code == 303
    assert stored(app, public_id).enabled


def test_a_switch_goes_back_to_the_list_it_came_from(admin: FlaskClient) -> None:
    public_id = make_webhook(admin)

    back = admin.post(f"/webhooks/{public_id}/disable", data={"next": "/webhooks?q=crm"})
    away = admin.post(f"/webhooks/{public_id}/disable", data={"next": "//evil.example"})

    assert back.location == "/webhooks?q=crm"
    assert away.location == f"/webhooks/{public_id}"


def test_htmx_gets_the_row(admin: FlaskClient) -> None:
    public_id = make_webhook(admin)

    answer = piece(admin, "POST", f"/webhooks/{public_id}/disable")

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith(f'<tr id="{public_id}"')
    assert "Disabled" in answer.text


def test_delete_and_undo(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)

    answer = admin.post(f"/webhooks/{public_id}/delete", follow_redirects=True)
    assert f"/webhooks/{public_id}/restore" in answer.text
    assert admin.get(f"/webhooks/{public_id}").status_code == 404
    assert "crm.example/hook" not in admin.get("/webhooks").text

    assert admin.post(f"/webhooks/{public_id}/restore").status_code == 303
    assert stored(app, public_id).deleted_at is None


def test_undo_twice_is_harmless(admin: FlaskClient) -> None:
    public_id = make_webhook(admin)
    admin.post(f"/webhooks/{public_id}/delete")

    assert admin.post(f"/webhooks/{public_id}/restore").status_code == 303
    assert admin.post(f"/webhooks/{public_id}/restore").status_code == 303


def test_htmx_gets_undo_in_place_of_the_row(admin: FlaskClient) -> None:
    public_id = make_webhook(admin)

    deleted = piece(admin, "POST", f"/webhooks/{public_id}/delete")
    restored = piece(admin, "POST", f"/webhooks/{public_id}/restore")

    assert f'id="{public_id}"' in deleted.text
    assert "restore" in deleted.text
    assert f'<tr id="{public_id}"' in restored.text


def test_a_rotated_secret_signs_beside_the_former_one(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)
    vault = app.extensions["vault"]
    webhook: Webhook = stored(app, public_id)
    first = webhook.signing_secrets(vault, webhook.created_at)
    admin.get(f"/webhooks/{public_id}")

    answer = admin.post(f"/webhooks/{public_id}/rotate-secret", follow_redirects=True)

    webhook = stored(app, public_id)
    until = webhook.previous_secret_until
    assert until
    both = webhook.signing_secrets(vault, webhook.updated_at)
    assert both[1:] == first
    assert both[0] in answer.text
    assert webhook.signing_secrets(vault, until) == both[:1]
    assert "whsec_" not in admin.get(f"/webhooks/{public_id}").text


def test_reading_changes_nothing(admin: FlaskClient) -> None:
    public_id = make_webhook(admin)

    for verb in ("enable", "disable", "delete", "restore", "rotate-secret", "test"):
        assert admin.get(f"/webhooks/{public_id}/{verb}").status_code == 405


def test_a_viewer_changes_nothing(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)
    viewer = sign_in(app, "guest", role="viewer")

    assert viewer.get(f"/webhooks/{public_id}").status_code == 200
    assert viewer.post(f"/webhooks/{public_id}/delete").status_code == 403
    assert viewer.post("/webhooks/new").status_code == 403
