"""A form's route that gets a body of another kind answers as if nothing was filled in."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import PASSWORD, sign_in
from webhooks_ui.accounts import users

BODIES = ["-1", "null", "[1]", '"x"', "{}", '{"login": ["a"], "password": {"b": 1}}', "[", ""]
KINDS = ["application/json", "application/problem+json", "text/plain", "multipart/form-data", "x"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_form(app: Flask, kind: str) -> None:
    browser, stranger = sign_in(app, "olena"), app.test_client()
    for path in ("/login", "/setup", "/forgotten", "/webhooks/new", "/channels/new"):
        asks = browser if path.endswith("/new") else stranger
        for body in BODIES:
            answer = asks.post(path, data=body, content_type=kind)
            assert answer.status_code in (303, 400, 403, 415, 422), (path, body)


def test_json_signs_nobody_in(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        users.add_user("olena", PASSWORD)
    answer = client.post("/login", json={"login": "olena", "password": PASSWORD})
    assert answer.status_code == 422
    assert client.get("/webhooks").status_code == 303
