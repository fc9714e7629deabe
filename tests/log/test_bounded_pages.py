"""Pages stay small and quick, whatever strangers and receivers have sent (2 MB, 1 s)."""

import json
from html import unescape

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import make_webhook, sign_in
from tests.engine.conftest import deliveries, ended, send, subscribe, working
from tests.support.apps import MakeApp
from tests.support.processor import within
from tests.support.receiver import Answer
from tests.support.receiver import Receiver as Process
from webhooks_ui import audit
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Attempt, ReceivedRequest, Receiver, SourceRequest
from webhooks_ui.models.receiver import MAX_REQUESTS
from webhooks_ui.models.source_request import KEPT_BODY, KEPT_REQUESTS
from webhooks_ui.web import page_room

MAX_PAGE = 2_000_000  # bytes
MAX_SECONDS = 1.0  # of processor


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return sign_in(app, "olena")


def nested(depth: int, size: int) -> str:
    """About `size` bytes of JSON whose elements all stand `depth` arrays deep."""
    return "[" * depth + "1," * ((size - 2 * depth) // 2) + "1" + "]" * depth


def bounded(browser: FlaskClient, path: str) -> str:
    """The page, which is neither large nor slow."""
    answer = within(MAX_SECONDS, lambda: browser.get(path))
    assert answer.status_code == 200
    assert len(answer.data) < MAX_PAGE
    return answer.text


@pytest.mark.parametrize(
    "body", ["[" * 60_000, nested(99, 60_000), '{"a":' * 12_000], ids=["open", "deep", "objects"]
)
def test_a_request_to_the_built_in_receiver(app: Flask, browser: FlaskClient, body: str) -> None:
    path = browser.post("/receiver").location
    assert app.test_client().post(path, data=body).status_code == 200
    assert body[:200].replace('"', "&#34;") in bounded(browser, path)


@pytest.mark.parametrize("depth", [90, 400, 30_000])
def test_the_answer_of_a_receiver(
    app: Flask, browser: FlaskClient, receiver: Process, depth: int
) -> None:
    body = nested(depth, 64_000)
    receiver.answer(Answer(500, body=body.encode()))
    subscribe(app, receiver.url)
    send(app)
    with working(app):
        receiver.wait(1)
    page = bounded(browser, f"/deliveries/{deliveries(app)[0].public_id}")
    assert body[:1_000] in page


def test_the_data_of_an_event(app: Flask, browser: FlaskClient, receiver: Process) -> None:
    data = f'{{"a": {nested(90, 300_000)}}}'
    subscribe(app, receiver.url)
    (event,) = send(app, data=data.encode())
    with working(app):
        ended(app)
    for path in (f"/events/{event.event_id}", f"/deliveries/{deliveries(app)[0].public_id}"):
        assert data[:1_000].replace('"', "&#34;") in bounded(browser, path)


QUOTES = '"' * 60_000  # each takes five bytes of HTML
HEADERS = [[f"X-{number}", '"' * 500] for number in range(120)]


def worst_attempt(delivery: int, number: int, body: str) -> Attempt:
    return Attempt(
        delivery_id=delivery,
        number=number,
        started_at=now(),
        duration_ms=1,
        timeout=15.0,
        status_code=500,
        error="http_status",
        detail='"' * 1000,
        timings_ms=dict.fromkeys(("dns", "connect", "tls", "first_byte", "total"), 1),
        request_url="https://crm.example/" + "'" * 2000,
        request_headers=HEADERS,
        payload_format="envelope",
        location="'" * 2000,
        response_headers=HEADERS,
        response_bytes=body.encode(),
        response_size=len(body),
        truncated=True,
        notes=[],
    )


@pytest.mark.parametrize("body", [QUOTES, nested(50, 60_000), "ї" * 30_000])
def test_fifty_attempts(app: Flask, browser: FlaskClient, body: str) -> None:
    subscribe(app, "http://127.0.0.1:9/")
    (event,) = send(app, data=json.dumps({"a": QUOTES * 8}).encode())
    (delivery,) = deliveries(app)
    with app.app_context(), transaction():
        db.session.add_all(worst_attempt(delivery.id, number, body) for number in range(1, 51))
    page = bounded(browser, f"/deliveries/{delivery.public_id}")
    assert "Too large for this page" in page
    assert f"/events/{event.event_id}/data" in page
    assert "Attempt 50" in page


@pytest.mark.parametrize("body", [QUOTES, nested(50, 60_000), nested(400, 60_000)])
def test_a_hundred_received_requests(app: Flask, browser: FlaskClient, body: str) -> None:
    path = browser.post("/receiver").location
    with app.app_context(), transaction():
        (receiver,) = Receiver.live()
        db.session.add_all(
            ReceivedRequest(
                receiver_id=receiver.id,
                method="POST",
                headers=HEADERS,
                body=body.encode(),
                size=len(body),
                signature="missing",
                answered="200",
            )
            for _ in range(MAX_REQUESTS)
        )
    page = bounded(browser, path)
    assert page.count('<details class="fold" id="request-') == MAX_REQUESTS
    assert body[:100].replace('"', "&#34;") in page


@pytest.mark.parametrize("body", [QUOTES[:KEPT_BODY], nested(400, KEPT_BODY)])
def test_the_requests_of_a_source(app: Flask, browser: FlaskClient, body: str) -> None:
    path = browser.post("/sources/new", data={"name": "Acme"}).location
    worst = {"name": '"' * 100, "delivery_id": '"' * 100, "size": len(body)}
    became = [{"event_id": "evt_1", "type": "team_changed", "deliveries": 1, "duplicate": False}]
    with app.app_context(), transaction():
        db.session.add_all(
            SourceRequest(
                source_id=1, signature="valid", became=became * 4, body=body.encode(), **worst
            )
            for _ in range(KEPT_REQUESTS)
        )
    page = bounded(browser, path)
    assert page.count('<details class="fold" id="request-') == KEPT_REQUESTS
    assert body[:100].replace('"', "&#34;") in page


def test_the_audit_log(app: Flask, browser: FlaskClient) -> None:
    """Also of a webhook whose filters have been changed again and again."""
    long = {"conditions": [{"path": "'" * 1000, "value": '"' * 1000}] * 20}
    public_id = make_webhook(browser, name='"' * 200)
    with app.app_context(), transaction():
        for _ in range(60):
            audit.record(
                *("webhook.changed", "webhook", public_id, "'" * 200),
                changes={"filters": [long, long], "url": ['"' * 1000] * 2},
            )
    for path in ("/settings/audit", f"/webhooks/{public_id}/history"):
        assert "&#39;" * 300 in bounded(browser, path)


def test_all_of_a_large_event_can_be_had(app: Flask, browser: FlaskClient) -> None:
    data = json.dumps({"a": "<\"&'" * 150_000}).encode()
    (event,) = send(app, data=data)
    page = bounded(browser, f"/events/{event.event_id}")
    assert "Too large for this page: only its beginning is shown." in page
    assert f'href="/events/{event.event_id}/data"' in page

    file = browser.get(f"/events/{event.event_id}/data")
    assert file.data == data
    assert file.mimetype == "application/json"
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert app.test_client().get(f"/events/{event.event_id}/data").status_code == 303


@given(st.text(alphabet="<>&\"'aї\U0001f600", max_size=300), st.integers(0, 200))
def test_a_text_is_cut_between_characters(text: str, room: int) -> None:
    with Flask(__name__).app_context():
        g.page_room = room
        shown, is_cut = page_room.fitted(text)
        assert len(shown.encode()) <= room
        assert text.startswith(unescape(shown))
        assert is_cut == (unescape(shown) != text)
        assert not page_room.has_room() or len(shown.encode()) < room
