"""Changing a webhook, alone and while somebody else does."""

import re
from typing import Any

import pytest
import trustme
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from tests.conftest import make_webhook, sign_in, stored, webhook_form
from tests.plain.page import Page
from tests.support.pem import issue, text
from tests.webhooks.test_create import hidden
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel, Webhook, webhook_changes


def edit(browser: FlaskClient, public_id: str, **changes: object) -> int:
    """Opens the form, changes fields, saves; the status of the answer."""
    page = browser.get(f"/webhooks/{public_id}/edit").text
    fields = {"draft": hidden(page, "draft"), "version": hidden(page, "version")}
    form = webhook_form(**fields) | changes
    return browser.post(f"/webhooks/{public_id}/edit", data=form).status_code


def basic(app: Flask, public_id: str) -> object:
    return stored(app, public_id).authorization(app.extensions["vault"])


def test_a_change_is_saved(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)

    assert edit(admin, public_id, url="https://crm.example/v2", events=["team_changed"]) == 303

    webhook = stored(app, public_id)
    assert (webhook.url, webhook.event_types) == ("https://crm.example/v2", ["team_changed"])


def test_a_secret_left_empty_stays(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin, auth_type="basic", auth_login="a", auth_password="kept")

    edit(admin, public_id, auth_type="basic", auth_login="b", auth_password="")

    assert basic(app, public_id) == Basic("b", "kept")


def test_a_secret_typed_replaces_the_old_one(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin, auth_type="basic", auth_login="a", auth_password="old")

    edit(admin, public_id, auth_type="basic", auth_login="a", auth_password="new")

    assert basic(app, public_id) == Basic("a", "new")


def test_a_password_can_be_taken_away_and_a_login_left_out(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin, auth_type="basic", auth_login="a", auth_password="kept")
    assert "auth_password_removed" in admin.get(f"/webhooks/{public_id}/edit").text

    form = {"auth_type": "basic", "auth_login": "an-api-key", "auth_password_removed": "y"}
    assert edit(admin, public_id, **form) == 303
    assert basic(app, public_id) == Basic("an-api-key", "")
    page = admin.get(f"/webhooks/{public_id}").text
    assert "password set" not in page

    assert edit(admin, public_id, auth_type="basic", auth_login="", auth_password="") == 422
    assert edit(admin, public_id, auth_type="basic", auth_login="", auth_password="p4ss") == 303
    assert basic(app, public_id) == Basic("", "p4ss")


@pytest.mark.parametrize("refused", ["   ", "ключ"])
def test_a_refused_secret_is_not_remembered(app: Flask, admin: FlaskClient, refused: str) -> None:
    public_id = make_webhook(admin, auth_type="bearer", auth_token="stored-before")
    form = webhook_form(auth_type="bearer", auth_token=refused)

    page = admin.post(f"/webhooks/{public_id}/edit", data=form)

    assert page.status_code == 422
    draft = re.findall(r'name="draft"[^>]* value="([^"]+)"', page.text)[0]
    assert edit(admin, public_id, auth_type="bearer", auth_token="", draft=draft) == 303
    assert basic(app, public_id) == Bearer("stored-before")


def test_a_refused_secret_is_not_said_to_be_set(admin: FlaskClient) -> None:
    form = webhook_form(auth_type="bearer", auth_token="ключ-довгий-предовгий")
    page = admin.post("/webhooks/new", data=form).text
    assert "ends in" not in page
    assert ">Set<" not in page


def test_a_refused_secret_of_another_kind_is_not_remembered(app: Flask, admin: FlaskClient) -> None:
    """Typed into a kind that is not chosen: nothing is said until it is chosen."""
    page = admin.post(
        "/webhooks/new", data=webhook_form(url="no url", auth_type="none", auth_token="ключ")
    ).text
    draft = re.findall(r'name="draft"[^>]* value="([^"]+)"', page)[0]
    again = webhook_form(auth_type="bearer", auth_token="", draft=draft)
    assert "Enter the token" in admin.post("/webhooks/new", data=again).text


def test_another_kind_does_not_inherit_the_secret(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin, auth_type="basic", auth_login="a", auth_password="old")

    assert edit(admin, public_id, auth_type="bearer", auth_token="") == 422
    assert edit(admin, public_id, auth_type="bearer", auth_token="t0ken") == 303
    assert basic(app, public_id) == Bearer("t0ken")


def test_the_form_shows_no_secret(admin: FlaskClient) -> None:
    public_id = make_webhook(admin, auth_type="bearer", auth_token="abcdefghijklmnop-7f3a")

    page = admin.get(f"/webhooks/{public_id}/edit").text

    assert "abcdefghijklmnop" not in page
    assert "ends in 7f3a" in page


def test_a_short_secret_gives_nothing_of_itself_away(admin: FlaskClient) -> None:
    public_id = make_webhook(admin, auth_type="bearer", auth_token="abc-7f3a")

    assert "7f3a" not in admin.get(f"/webhooks/{public_id}/edit").text


def test_the_second_of_two_editors_is_told_and_overwrites_nothing(
    app: Flask, admin: FlaskClient
) -> None:
    public_id = make_webhook(admin)
    other = sign_in(app, "ivan")
    page = admin.get(f"/webhooks/{public_id}/edit").text
    mine = webhook_form(
        draft=hidden(page, "draft"), version=hidden(page, "version"), name="Olena's"
    )
    assert edit(other, public_id, name="Ivan's") == 303

    answer = admin.post(f"/webhooks/{public_id}/edit", data=mine)

    assert answer.status_code == 422
    assert "ivan" in answer.text
    assert "Olena&#39;s" in answer.text
    assert stored(app, public_id).name == "Ivan's"

    again = mine | {
        "draft": hidden(answer.text, "draft"),
        "version": hidden(answer.text, "version"),
    }
    assert admin.post(f"/webhooks/{public_id}/edit", data=again).status_code == 303
    assert stored(app, public_id).name == "Olena's"


def test_the_second_of_two_editors_reads_what_differs_and_nothing_else(
    app: Flask, admin: FlaskClient
) -> None:
    authority = trustme.CA()
    ours = issue(authority, "sender.example")
    everything: dict[str, Any] = {
        "auth_type": "hmac",
        "auth_hmac_header_name": "X-Hub-Signature-256",
        "auth_hmac_secret": "s3cret-of-the-crm",
        "events": ["team_changed", "message_created"],
        "payload_format": "template",
        "template_body": '{\n  "id": {{ data|tojson }}\n}\n',
        "template_type": "application/json",
        "headers-0-name": "X-Team",
        "headers-0-value": "sales",
        "filter_ready": ["incoming"],
        "conditions-0-path": "a",
        "conditions-0-operator": "in",
        "conditions-0-value": "b, c",
        "tls_ca": text(authority.cert_pem),
        "tls_certificate": ours.certificate,
        "tls_key": ours.key,
    }
    public_id = make_webhook(admin, **everything)
    page = Page(admin, f"/webhooks/{public_id}/edit")
    other = Page(sign_in(app, "ivan"), f"/webhooks/{public_id}/edit")
    other.fill("Name (optional)", "Ivan's").press("Save webhook")
    assert "Changes saved." in other.text

    page.press("Save webhook")

    assert page.status == 422
    assert "Your version differs from it in: Name." in page.id("conflict")


def test_saving_over_a_conflict_keeps_the_other_editors_secret(
    app: Flask, admin: FlaskClient
) -> None:
    public_id = make_webhook(admin, auth_type="bearer", auth_token="first")
    other = sign_in(app, "ivan")
    page = admin.get(f"/webhooks/{public_id}/edit").text
    edit(other, public_id, auth_type="bearer", auth_token="second")

    form = webhook_form(
        auth_type="bearer", draft=hidden(page, "draft"), version=hidden(page, "version")
    )
    answer = admin.post(f"/webhooks/{public_id}/edit", data=form)
    form |= {"draft": hidden(answer.text, "draft"), "version": hidden(answer.text, "version")}
    admin.post(f"/webhooks/{public_id}/edit", data=form)

    assert basic(app, public_id) == Bearer("second")


def test_a_deleted_webhook_is_not_found(admin: FlaskClient) -> None:
    public_id = make_webhook(admin)
    admin.post(f"/webhooks/{public_id}/delete")

    assert admin.get(f"/webhooks/{public_id}/edit").status_code == 404


def test_switching_off_in_the_form_says_why(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)

    edit(admin, public_id, enabled="")

    webhook: Webhook = stored(app, public_id)
    assert (webhook.enabled, webhook.disabled_reason) == (False, "manual")


def test_a_channel_that_is_deleted_while_the_webhook_is_saved_is_no_crash(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context(), transaction():
        db.session.add(Channel(key="sales", name="Sales"))
    create = webhook_changes.create

    def overtaken(*arguments: Any) -> Webhook:
        with transaction():
            db.session.execute(delete(Channel))
        return create(*arguments)

    monkeypatch.setattr(webhook_changes, "create", overtaken)
    answer = admin.post("/webhooks/new", data=webhook_form(channel="sales"))

    assert answer.status_code == 409
    assert "Nothing was changed" in answer.text
    with app.app_context():
        assert db.session.query(Webhook).count() == 0


@pytest.mark.parametrize("path", ["/webhooks?q=%00", "/webhooks/%00", "/webhooks?channel=a%00b"])
def test_a_nul_in_an_address_is_refused(admin: FlaskClient, path: str) -> None:
    assert admin.get(path).status_code == 400
