"""The page for the configuration as a file: download, review, apply."""

import html
import re
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_webhook, sign_in, stored
from tests.web.test_worst_texts import filled, quickly
from webhooks_ui.database.engine import db
from webhooks_ui.models import Channel

PAGE = "/settings/configuration"
PASSPHRASE = "five lanterns over quiet water"


def field(page: str, name: str) -> str:
    """The value of a hidden field."""
    (found,) = re.findall(rf'name="{name}" value="([^"]*)"', page)
    return html.unescape(found)


def keys(app: Flask) -> list[str]:
    with app.app_context():
        return [one.key for one in db.session.query(Channel)]


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_what_is_downloaded_changes_nothing(admin: FlaskClient, passphrase: str) -> None:
    make_webhook(admin, auth_type="bearer", auth_token="secret-1")
    answer = admin.post(f"{PAGE}/export", data={"passphrase": passphrase})
    assert answer.mimetype == "application/yaml"
    assert ".yaml" in answer.headers["Content-Disposition"]
    assert "secret-1" not in answer.text
    file = {"file": (BytesIO(answer.data), "hooks.yaml"), "passphrase": passphrase}
    page = admin.post(f"{PAGE}/review", data=file, content_type="multipart/form-data")
    assert page.status_code == 200
    assert "everything in the file is here already" in page.text


def test_a_change_is_reviewed_and_then_applied(admin: FlaskClient, app: Flask) -> None:
    webhook = make_webhook(admin, auth_type="bearer", auth_token="secret-1")
    text = admin.post(f"{PAGE}/export", data={"passphrase": PASSPHRASE}).text
    text = text.replace("name: CRM", "name: CRM <2>").replace("\n", "\r\n")
    page = admin.post(f"{PAGE}/review", data={"text": text, "passphrase": PASSPHRASE}).text
    assert "<ins>+  name: CRM &lt;2&gt;</ins>" in page
    assert stored(app, webhook).name == "CRM"
    data = {"text": text, "seen": field(page, "seen"), "sealed": field(page, "sealed")}
    assert PASSPHRASE not in page
    assert admin.post(f"{PAGE}/import", data=data).status_code == 303
    assert stored(app, webhook).name == "CRM <2>"


def test_what_a_file_does_not_name_is_not_said_to_be_in_it(admin: FlaskClient, app: Flask) -> None:
    webhook = make_webhook(admin)
    text = "{version: 1, channels: [{key: a, name: A}]}"
    seen = field(admin.post(f"{PAGE}/review", data={"text": text}).text, "seen")
    admin.post(f"{PAGE}/import", data={"text": text, "seen": seen})
    assert "Anything that is not in the file stayed as it was." in admin.get(PAGE).text
    assert stored(app, webhook).enabled


def test_what_has_changed_since_the_review_is_shown_again(admin: FlaskClient, app: Flask) -> None:
    text = "{version: 1, channels: [{key: a, name: A}]}"
    seen = field(admin.post(f"{PAGE}/review", data={"text": text}).text, "seen")
    admin.post("/channels/new", data={"key": "a", "name": "B", "kind": "api"})
    answer = admin.post(f"{PAGE}/import", data={"text": text, "seen": seen})
    assert answer.status_code == 409
    assert "<del>-  name: B</del>" in answer.text
    assert keys(app) == ["a"]


def test_mistakes_are_named_by_their_place(admin: FlaskClient, app: Flask) -> None:
    text = "{version: 1, channels: [{key: a, name: A}], webhooks: [{url: x, events: []}]}"
    for path in ("review", "import"):
        answer = admin.post(f"{PAGE}/{path}", data={"text": text})
        assert answer.status_code == 422
        assert "/webhooks/0/events" in answer.text
    assert keys(app) == []
    short = admin.post(f"{PAGE}/export", data={"passphrase": "short"})
    assert (short.status_code, "12 characters or more" in short.text) == (422, True)


WORST = ("[", "- ", "{a: ", "a: &b\n", "- {}\n", "\ta", "é", "'")


@pytest.mark.parametrize("worst", WORST)
def test_a_file_that_is_the_worst_is_refused_at_once(admin: FlaskClient, worst: str) -> None:
    text = "version: 1\nwebhooks:\n" + filled(worst, 250_000)
    answer = quickly(admin, "POST", f"{PAGE}/review", data={"text": text})
    assert answer.status_code == 422
    assert len(answer.data) < 6 * len(text) + 100_000


def test_it_is_for_administrators(app: Flask) -> None:
    editor = sign_in(app, "ivan", "editor")
    assert editor.get(PAGE).status_code == 403
    assert editor.post(f"{PAGE}/export").status_code == 403
