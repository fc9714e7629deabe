"""Pages stay small and quick, however deep the JSON that a stranger sends is nested (2 MB, 1 s)."""

import time

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import sign_in
from tests.engine.conftest import deliveries, ended, send, subscribe, working
from tests.support.apps import MakeApp
from tests.support.receiver import Answer, Receiver

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
    browser.get("/login")  # templates and translations are loaded once, by whoever comes first
    start = time.process_time()
    answer = browser.get(path)
    assert time.process_time() - start < MAX_SECONDS
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
    app: Flask, browser: FlaskClient, receiver: Receiver, depth: int
) -> None:
    body = nested(depth, 64_000)
    receiver.answer(Answer(500, body=body.encode()))
    subscribe(app, receiver.url)
    send(app)
    with working(app):
        receiver.wait(1)
    page = bounded(browser, f"/deliveries/{deliveries(app)[0].public_id}")
    assert body[:1_000] in page


def test_the_data_of_an_event(app: Flask, browser: FlaskClient, receiver: Receiver) -> None:
    data = f'{{"a": {nested(90, 300_000)}}}'
    subscribe(app, receiver.url)
    (event,) = send(app, data=data.encode())
    with working(app):
        ended(app)
    for path in (f"/events/{event.event_id}", f"/deliveries/{deliveries(app)[0].public_id}"):
        assert data[:1_000].replace('"', "&#34;") in bounded(browser, path)
