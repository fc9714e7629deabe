"""Half of an emoji in an event's data is no fault anywhere: in no page, file, answer or search."""

import re
from collections import deque

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import Markup

from tests.api.conftest import caller, issue
from tests.engine.conftest import deliveries, ended, send, subscribe, working
from tests.support.receiver import Answer, Receiver
from webhooks_ui.text import pretty_json

DATA = (
    b'{"content": "cut \\ud83d", "\\udfff name": ["\\u0000", "\\uDE00\\ud83d"],'
    b' "whole": "\\ud83d\\ude00", "n": 1.10, "password": "\\udc00secret"}'
)
WORDS = ("ours", "cut", "%ED%A0%BD", "%5Cud83d", "%EF%BF%BD")
SHOWN = '"content": "cut \\ud83d"'
LINK = re.compile(r'(?:href|action|hx-get)="(/[^"#]*)')


def walk(browser: FlaskClient, *starts: str) -> dict[str, str]:
    """These, and the nearest pages, pieces and files that links lead to; none is a 500."""
    texts: dict[str, str] = {}
    waiting = deque(starts)
    while waiting and len(texts) < 30:
        path = waiting.popleft().replace("&amp;", "&")
        if path in texts or path.startswith(("/static", "/logout", "/language")):
            continue
        answer = browser.get(path)
        assert answer.status_code < 500, path
        texts[path] = answer.get_data().decode(errors="replace")
        if answer.mimetype == "text/html":
            waiting += LINK.findall(texts[path])
    return texts


def test_it_is_taken_sent_shown_found_and_downloaded(
    engine: Flask, browser: FlaskClient, receiver: Receiver
) -> None:
    call = caller(engine, issue(engine, "admin"))
    receiver.answer(Answer(200, body=b'{"echo": ' + DATA + b"}"))
    for payload_format in ("envelope", "raw"):
        subscribe(engine, receiver.url, payload_format=payload_format)
    (event,) = send(engine, data=DATA, sender_id="ours")
    with working(engine):
        ended(engine, 2)
    assert all(DATA in request.body for request in receiver.requests())
    delivery = deliveries(engine)[0].public_id

    pages = walk(
        browser,
        *(f"/events/{event.event_id}", f"/events/{event.event_id}/data"),
        *(f"/deliveries/{delivery}", "/deliveries", "/events", "/webhooks"),
        *(f"/{noun}?q={word}" for noun in ("events", "deliveries") for word in WORDS),
        *(f"/deliveries.{kind}" for kind in ("csv", "ndjson")),
    )
    for path in (f"/events/{event.event_id}", f"/deliveries/{delivery}"):
        assert SHOWN in Markup(pages[path]).striptags()  # noqa: S704  # read, and shown to nobody
    for path in (f"/events/{event.event_id}", "/deliveries", f"/deliveries/{delivery}"):
        assert call("GET", path).status_code == 200
    assert call("GET", f"/events/{event.event_id}").data.endswith(DATA + b"}")
    assert call("POST", f"/deliveries/{delivery}/resend").status_code in (200, 201)


def test_a_test_and_the_built_in_receiver_take_it(engine: Flask, browser: FlaskClient) -> None:
    path = browser.post("/receiver").location
    assert engine.test_client().post(path, data=DATA).status_code == 200
    assert SHOWN.replace('"', "&#34;") in browser.get(path).text
    webhook = subscribe(engine, "http://127.0.0.1:9/")
    form = {"event": "team_changed", "data": DATA.decode()}
    answer = browser.post(f"/webhooks/{webhook}/test", data=form, follow_redirects=True)
    assert answer.status_code == 200
    shown = browser.get(f"/deliveries/{deliveries(engine)[0].public_id}").text
    assert SHOWN.replace('"', "&#34;") in shown


@pytest.mark.parametrize("data", [DATA, b'{"a": "\\ud83d"}', b'["\\udfff"]'])
def test_the_printer_leaves_it_as_it_came(data: bytes) -> None:
    assert pretty_json.pretty(data).encode()
