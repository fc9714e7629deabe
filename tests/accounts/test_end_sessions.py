"""The browsers in which one is signed in, and signing out of the others."""

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import sign_in
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import UserSession

URL, END = "/settings/account", "/settings/account/sessions/end"


def test_the_own_browser_stands_first(app: Flask, admin: FlaskClient) -> None:
    sign_in(app, "olena")
    with app.app_context(), transaction():
        for kept, agent in zip(
            db.session.scalars(db.select(UserSession)), ("A/1", "B/1"), strict=True
        ):
            kept.user_agent, kept.address = agent, "192.0.2.7"

    page = admin.get(URL).text

    assert page.index("A <span") < page.index("this browser") < page.index("B</td>")
    assert page.count("this browser") == 1
    assert page.count("192.0.2.7") == 2


def test_the_others_are_signed_out(app: Flask, admin: FlaskClient) -> None:
    others = [sign_in(app, "olena"), sign_in(app, "olena")]
    stranger = sign_in(app, "taras")

    answer = admin.post(END)

    assert (answer.status_code, answer.location) == (303, URL)
    assert "2 other browsers were signed out." in admin.get(URL).text
    assert {browser.get("/webhooks").status_code for browser in others} == {303}
    assert stranger.get("/webhooks").status_code == 200


def test_without_others_there_is_no_button(app: Flask, admin: FlaskClient) -> None:
    assert END not in admin.get(URL).text
    admin.post(END)
    assert "No other browser was signed in." in admin.get(URL).text
    sign_in(app, "olena")
    assert END in admin.get(URL).text


def test_a_viewer_may_sign_out_elsewhere(app: Flask) -> None:
    viewer = sign_in(app, "guest", role="viewer")
    other = sign_in(app, "guest")
    assert viewer.post(END).status_code == 303
    assert other.get("/webhooks").status_code == 303


def session_ids(app: Flask) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(db.select(UserSession.id).order_by(UserSession.id)))


def test_one_of_them_is_signed_out(app: Flask, admin: FlaskClient) -> None:
    lost, kept = sign_in(app, "olena"), sign_in(app, "olena")
    own, chosen, _ = session_ids(app)
    page = admin.get(URL).text
    assert f"/settings/account/sessions/{chosen}/end" in page
    assert f"/settings/account/sessions/{own}/end" not in page
    answer = admin.post(f"/settings/account/sessions/{chosen}/end")
    assert (answer.status_code, answer.location) == (303, URL)
    assert "The browser was signed out." in admin.get(URL).text
    assert lost.get("/webhooks").status_code == 303
    assert kept.get("/webhooks").status_code == 200
    admin.post(f"/settings/account/sessions/{chosen}/end")
    assert "This browser is not signed in any more." in admin.get(URL).text


def test_neither_anothers_session_nor_the_own_is_ended_by_its_number(
    app: Flask, admin: FlaskClient
) -> None:
    stranger = sign_in(app, "taras")
    for number in [*session_ids(app), 10**20]:
        assert admin.post(f"/settings/account/sessions/{number}/end").status_code in (303, 404)
    assert stranger.get("/webhooks").status_code == 200
    assert admin.get("/webhooks").status_code == 200
