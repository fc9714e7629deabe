"""Signing out."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.accounts.conftest import enter
from tests.conftest import session_cookie
from webhooks_ui.audit import AuditEntry
from webhooks_ui.database.engine import db
from webhooks_ui.models import UserSession

pytestmark = pytest.mark.usefixtures("olena")


def test_signing_out_ends_the_session_for_good(app: Flask, client: FlaskClient) -> None:
    enter(client)
    cookie = client.get_cookie(session_cookie(client))
    assert cookie

    answer = client.post("/logout")

    assert (answer.status_code, answer.location) == (303, "/login")
    assert "You are signed out." in client.get("/login").text
    with app.app_context():
        assert db.session.scalars(select(UserSession)).all() == []
    thief = app.test_client()
    thief.set_cookie(session_cookie(thief), cookie.value)
    assert thief.get("/webhooks").status_code == 303


def test_other_browsers_stay_signed_in(app: Flask, client: FlaskClient) -> None:
    other = app.test_client()
    enter(client)
    enter(other)
    client.post("/logout")
    assert other.get("/webhooks").status_code == 200


def test_the_next_session_is_another_one_in_the_audit_log(app: Flask, client: FlaskClient) -> None:
    for _ in range(2):
        enter(client)
        client.post("/logout")
    with app.app_context():
        ended = select(AuditEntry.session_id).where(AuditEntry.action == "user.signed_out")
        first, second = db.session.scalars(ended.order_by(AuditEntry.id))
    assert first != second


def test_opening_the_address_only_asks(client: FlaskClient) -> None:
    enter(client)
    asked = client.get("/logout")
    assert asked.status_code == 200
    assert 'action="/logout"' in asked.text or 'method="post"' in asked.text
    assert client.get("/webhooks").status_code == 200


def test_signing_out_twice_leads_to_the_sign_in(client: FlaskClient) -> None:
    enter(client)
    client.post("/logout")
    assert client.post("/logout").location == "/login"
