"""A webhook's own headers: sent, kept encrypted, masked wherever they come back."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import Call, call, errors
from tests.conftest import make_webhook, stored, webhook_form
from tests.engine.conftest import receiver
from tests.support.receiver import Answer, Receiver
from tests.webhooks.test_edit import edit
from webhooks_ui.authorization.base import MASK
from webhooks_ui.authorization.extra_headers import ExtraHeader

__all__ = ["call", "receiver"]  # fixtures

VALUE = "value-of-mine-7f3a"
HOOK = {"url": "https://crm.example/hook", "events": ["message_created"]}
TYPED = {"headers-0-name": "X-Team:", "headers-0-value": f" {VALUE} ", "headers-1-name": ""}


def kept(app: Flask, public_id: str) -> tuple[ExtraHeader, ...]:
    return stored(app, public_id).extra_headers(app.extensions["vault"])


def test_they_are_sent_and_masked_in_the_log(
    app: Flask, admin: FlaskClient, receiver: Receiver
) -> None:
    receiver.answer(Answer(200, (("X-Echo", VALUE),), f"you sent {VALUE}".encode()))
    public_id = make_webhook(admin, url=receiver.url, **TYPED)
    page = admin.post(f"/webhooks/{public_id}/test", data={"event": "message_created"}).location
    (request,) = receiver.wait(1)
    assert request.header("X-Team") == VALUE
    pages = (page, f"/webhooks/{public_id}", f"/webhooks/{public_id}/edit")
    texts = [admin.get(each).text for each in pages]
    assert not any(VALUE in text for text in texts)
    assert f"you sent {MASK}" in texts[0]
    found = b"".join(path.read_bytes() for path in app.config["DATA_DIR"].glob("webhooks.db*"))
    assert VALUE.encode() not in found


def test_the_form_keeps_a_value_left_empty_and_removes_a_cleared_name(
    app: Flask, admin: FlaskClient
) -> None:
    public_id = make_webhook(admin, **TYPED)
    row = {"headers-0-name": "x-team", "headers-0-value": ""}
    assert edit(admin, public_id, **row) == 303
    assert kept(app, public_id) == (ExtraHeader("x-team", VALUE),)
    moved = edit(admin, public_id, **row, url="https://both.example.com/hook")
    assert moved == 422
    assert edit(admin, public_id, **row | {"headers-0-name": ""}) == 303
    assert kept(app, public_id) == ()


def test_a_typed_value_outlives_a_form_with_mistakes(app: Flask, admin: FlaskClient) -> None:
    page = admin.post("/webhooks/new", data=webhook_form(**TYPED, events=[])).text
    assert VALUE not in page
    draft = page.partition('name="draft" type="hidden" value="')[2].partition('"')[0]
    assert draft
    row = {"headers-0-name": "X-Team", "headers-0-value": "", "draft": draft}
    assert kept(app, make_webhook(admin, **row)) == (ExtraHeader("X-Team", VALUE),)


def test_the_api_keeps_values_and_never_tells_them(app: Flask, call: Call) -> None:
    made = call("POST", "/webhooks", HOOK | {"headers": [{"name": "X-Team", "value": VALUE}]})
    path = f"/webhooks/{made.json['id']}"
    assert made.json["headers"] == [{"name": "X-Team", "value_set": True}]
    change = {"headers": [{"name": "X-Other", "value": "1"}, {"name": "X-Team"}]}
    changed = call("PATCH", path, change)
    assert VALUE not in made.text + changed.text
    expected = (ExtraHeader("X-Other", "1"), ExtraHeader("X-Team", VALUE))
    assert kept(app, made.json["id"]) == expected
    other = {"url": "https://other.example/hook"}
    assert "Enter this again" in errors(call("PATCH", path, other))["/headers"]
    assert "X-Team" in errors(call("PATCH", path, other | change))["/headers"]
    assert call("PATCH", path, {"headers": []}).json["headers"] == []


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"name": "Host", "value": "x"}, "is set by HTTP or by this program"),
        ({"name": "webhook_id", "value": "x"}, "is set by HTTP or by this program"),
        ({"name": "X Y", "value": "x"}, "only Latin letters"),
        ({"name": "authorization", "value": "x"}, "is sent already"),
        ({"name": "X-Team"}, "Enter the value of X-Team"),
        ({"name": "X-Team", "value": "a\r\nB: c"}, "X-Team: Character 2 cannot travel"),
    ],
)
def test_the_rules_of_custom_hold(call: Call, header: dict[str, str], words: str) -> None:
    given = HOOK | {"authorization": {"type": "bearer", "token": "t"}, "headers": [header]}
    assert words in errors(call("POST", "/webhooks", given))["/headers"]
