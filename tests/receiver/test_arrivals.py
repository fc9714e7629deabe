"""What arrives at the built-in receiver is kept, judged and answered."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.conftest import piece, session_cookie, sign_in
from tests.engine.conftest import deliveries, send, subscribe
from tests.support.apps import ON_SQLITE, MakeApp
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.crypto import signing
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.jobs import retention
from webhooks_ui.models import Delivery, ReceivedRequest, Receiver, Webhook
from webhooks_ui.models.receiver import MAX_BODY, MAX_RECEIVERS, MAX_REQUESTS
from webhooks_ui.validation.webhook import METHODS


@pytest.fixture
def app(make_engine: MakeApp) -> Flask:
    return make_engine()


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return sign_in(app, "olena")


@pytest.fixture
def path(browser: FlaskClient) -> str:
    """A receiver's path."""
    answer = browser.post("/receiver")
    assert answer.status_code == 303
    return answer.location


def arrived(app: Flask) -> list[ReceivedRequest]:
    with app.app_context():
        found = db.session.query(ReceivedRequest).order_by(ReceivedRequest.id).all()
        db.session.expunge_all()
        return found


def signed(app: Flask, delivery: Delivery, body: bytes) -> dict[str, str]:
    """The headers that the worker would send with this body."""
    with app.app_context():
        webhook = db.session.get_one(Webhook, delivery.webhook_id)
        secrets = webhook.signing_secrets(app.extensions["vault"], now())
        return dict(signing.headers(secrets, delivery.public_id, 1_767_000_000, body))


@ON_SQLITE
def test_its_address_is_never_what_a_request_calls_the_console(
    app: Flask, browser: FlaskClient
) -> None:
    cookie = browser.get_cookie(session_cookie(browser))
    assert cookie
    app.config["ALLOWED_HOSTS"] = ("internal.example",)
    spoofed = {"Host": "internal.example", "Cookie": f"{cookie.key}={cookie.value}"}
    answer = app.test_client(use_cookies=False).post("/receiver", headers=spoofed)
    with app.app_context():
        receiver = Receiver.by_token(answer.location.rpartition("/")[2])
        assert receiver
        assert receiver.url == f"http://127.0.0.1:8000{answer.location}"
        app.config["HOST"] = "0.0.0.0"
    assert f"http://127.0.0.1:8000{(path := browser.post('/receiver').location)}" in (
        browser.get(path).text
    )
    app.config["PUBLIC_URL"] = "https://hooks.example:443"
    other = browser.post("/receiver").location
    assert f"https://hooks.example{other}" in browser.get(other).text


def test_anybody_may_send_there_and_it_is_shown(
    app: Flask, browser: FlaskClient, path: str
) -> None:
    stranger = app.test_client()
    answer = stranger.post(path, json={"hello": 1.50}, headers={"X-Trace": "7"})
    assert (answer.status_code, answer.json) == (200, {"received": True})
    assert "Set-Cookie" not in answer.headers
    page = browser.get(path).text
    assert "X-Trace" in page
    assert "&#34;hello&#34;: 1.5" in page
    assert "Not signed" in page
    assert "/login" in stranger.get(path).location


@ON_SQLITE
@pytest.mark.parametrize("method", METHODS)
def test_every_method_that_a_webhook_may_have_is_taken(
    app: Flask, browser: FlaskClient, path: str, method: str
) -> None:
    assert app.test_client().open(path, method=method, json={}).status_code == 200
    assert [one.method for one in arrived(app)] == [method]
    assert f"{method} · answered: 200" in browser.get(path).text


@ON_SQLITE
def test_the_signature_is_judged(app: Flask, browser: FlaskClient, path: str) -> None:
    subscribe(app, "http://127.0.0.1/1", authorization=Bearer("t0ken-of-the-crm"))
    send(app, 2)
    first, second = deliveries(app)
    body = b'{"id": 1}'
    headers = signed(app, first, body) | {"Authorization": "Bearer t0ken-of-the-crm"}
    client = app.test_client()
    client.post(path, data=body, headers=headers)
    client.post(path, data=body + b" ", headers=signed(app, second, body))
    client.post(path, data=body, headers=headers | {"webhook-id": "dlv_of-somebody-else"})
    assert [one.signature for one in arrived(app)] == ["valid", "wrong", "unknown"]
    page = browser.get(path).text
    assert "Signature valid" in page
    assert "Signature invalid" in page
    assert "t0ken-of-the-crm" not in page
    assert f"/deliveries/{first.public_id}" in page


def test_each_attempt_of_a_delivery_is_kept_once(app: Flask, path: str) -> None:
    subscribe(app, "http://127.0.0.1/1")
    send(app)
    (delivery,) = deliveries(app)
    headers = signed(app, delivery, b"{}")
    client = app.test_client()
    for _ in range(5):
        assert client.post(path, data=b"{}", headers=headers).status_code == 200
    assert len(arrived(app)) == 1
    with app.app_context(), transaction():
        db.session.execute(update(Delivery).values(attempts_made=1))
    for _ in range(5):
        client.post(path, data=b"{}", headers=headers)
    assert len(arrived(app)) == 2


@ON_SQLITE
@pytest.mark.parametrize("answer", ["200", "204", "400", "401", "410", "429", "500"])
def test_it_answers_as_chosen(app: Flask, browser: FlaskClient, path: str, answer: str) -> None:
    assert browser.post(f"{path}/answer", data={"answer": answer}).status_code == 303
    got = app.test_client().post(path, data=b"{}")
    assert got.status_code == int(answer)
    assert ("Retry-After" in got.headers) == (answer == "429")
    assert [one.answered for one in arrived(app)] == [answer]


def test_what_is_kept_is_bounded(app: Flask, browser: FlaskClient, path: str) -> None:
    client = app.test_client()
    client.post(path, data=b"x" * (MAX_BODY + 1))
    assert (len(arrived(app)[0].body), arrived(app)[0].size) == (MAX_BODY, MAX_BODY + 1)
    assert "Only the first 64 KB" in browser.get(path).text
    for number in range(MAX_REQUESTS + 5):
        client.post(path, data=str(number))
    kept = arrived(app)
    assert len(kept) == MAX_REQUESTS
    assert kept[-1].body == str(MAX_REQUESTS + 4).encode()


@ON_SQLITE
def test_the_page_asks_for_news(app: Flask, browser: FlaskClient, path: str) -> None:
    assert "Nothing has arrived yet" in browser.get(path).text
    assert piece(browser, "GET", f"{path}?newest=0").status_code == 204
    app.test_client().post(path, data=b"{}")
    news = piece(browser, "GET", f"{path}?newest=0")
    assert "1 request" in news.text
    newest = arrived(app)[-1].id
    assert piece(browser, "GET", f"{path}?newest={newest}").status_code == 204


def test_it_expires(app: Flask, browser: FlaskClient, path: str) -> None:
    app.test_client().post(path, data=b"{}")
    with app.app_context(), transaction():
        db.session.execute(update(Receiver).values(expires_at=now() - timedelta(seconds=1)))
    assert app.test_client().post(path, data=b"{}").status_code == 404
    gone = browser.get(path)
    assert gone.status_code == 404
    assert "This receiver is gone" in gone.text
    with app.app_context():
        assert not Receiver.is_at(f"http://127.0.0.1:8000{path}")
        list(retention.prune(timedelta(days=30), now()))
    assert arrived(app) == []


@ON_SQLITE
def test_what_each_role_may_do(app: Flask, browser: FlaskClient, path: str) -> None:
    viewer = sign_in(app, "viewer", "viewer")
    assert viewer.get(path).status_code == 200
    for action in ("/receiver", f"{path}/answer", f"{path}/delete"):
        assert viewer.post(action).status_code == 403
    assert browser.post(f"{path}/answer", data={"answer": "302"}).status_code == 422
    assert browser.post(f"{path}/delete").status_code == 303
    assert browser.get(path).status_code == 404


def test_the_number_of_receivers_is_limited(app: Flask, browser: FlaskClient) -> None:
    for _ in range(MAX_RECEIVERS):
        assert browser.post("/receiver").location.startswith("/receiver/")
    assert browser.post("/receiver").location == "/receiver"


@ON_SQLITE
def test_a_webhook_may_point_at_it_and_nowhere_else_there(
    make_engine: MakeApp,
) -> None:
    app = make_engine(ALLOWED_NETWORKS=())
    browser = sign_in(app, "olena")
    path = browser.post("/receiver").location
    form = {"events": "message_created", "auth_type": "none", "payload_format": "envelope"}
    url = f"http://127.0.0.1:8000{path}"
    assert browser.post("/webhooks/new", data=form | {"url": url}).status_code == 303
    for other in (f"{url}x", "http://127.0.0.1:8000/receiver", f"{url}?a=1"):
        assert browser.post("/webhooks/new", data=form | {"url": other}).status_code == 422
    assert url in browser.get(f"/webhooks/new?url={url}").text
