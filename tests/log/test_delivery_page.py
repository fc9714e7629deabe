"""A delivery's page: what came of it, what comes next, and what can be done about it."""

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import piece, sign_in
from tests.engine.conftest import deliveries, ended, send, subscribe, working
from tests.support.receiver import Answer, Receiver
from tests.support.waiting import wait_until
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import EPOCH
from webhooks_ui.models import Delivery, form_keys


def failed_once(app: Flask, receiver: Receiver) -> str:
    """A delivery that waits for its second attempt; its page's path."""
    subscribe(app, receiver.url)
    receiver.answer(Answer(500, body=b'{"error": "out of stock"}'))
    send(app)
    with working(app):
        wait_until(lambda: deliveries(app)[0].attempts_made == 1, what="the first attempt")
    return f"/deliveries/{deliveries(app)[0].public_id}"


def test_it_says_what_comes_next_and_can_be_hurried(
    engine: Flask, browser: FlaskClient, receiver: Receiver
) -> None:
    path = failed_once(engine, receiver)
    page = browser.get(path).text
    assert "Attempt 2 is made" in page
    assert "out of stock" in page

    receiver.answer(Answer(200))
    assert browser.post(f"{path}/retry_now").status_code == 303
    for due in (browser.get(path).text, browser.get("/deliveries").text):
        assert "1970" not in due
    assert "It is sent as soon as it is its turn." in browser.get(path).text
    assert "Try now" not in browser.get(path).text
    with working(engine):
        ended(engine)
    page = browser.get(path).text
    assert "The receiver accepted the event." in page
    assert 'id="attempt-1"' in page
    assert 'id="attempt-2"' in page
    assert "hx-trigger" not in page.partition('id="delivery"')[2]
    assert "no longer waiting" in browser.post(f"{path}/retry_now", follow_redirects=True).text


def test_it_can_be_cancelled(engine: Flask, browser: FlaskClient, receiver: Receiver) -> None:
    path = failed_once(engine, receiver)
    assert (
        "The delivery is cancelled." in browser.post(f"{path}/cancel", follow_redirects=True).text
    )
    (delivery,) = deliveries(engine)
    assert (delivery.status, delivery.due_at) == ("cancelled", None)
    assert "could not be cancelled" in browser.post(f"{path}/cancel", follow_redirects=True).text


def test_it_is_sent_again_once_and_both_are_linked(
    engine: Flask, browser: FlaskClient, receiver: Receiver
) -> None:
    path = failed_once(engine, receiver)
    browser.post(f"{path}/cancel")
    order = {"order": form_keys.new_key()}
    again = browser.post(f"{path}/resend", data=order).location
    assert browser.post(f"{path}/resend", data=order).location == again
    assert len(deliveries(engine)) == 2
    assert path in browser.get(again).text
    assert again in browser.get(path).text
    receiver.answer(Answer(200))
    with working(engine):
        ended(engine, 2)
    assert "The receiver accepted the event." in browser.get(again).text
    first = path.rpartition("/")[2]
    assert [request.header("webhook-id") for request in receiver.requests()] == [first, first]
    assert "Sent as (webhook-id)" in browser.get(again).text
    assert "Sent as (webhook-id)" not in browser.get(path).text


def test_the_piece_is_sent_only_when_there_is_news(
    engine: Flask, browser: FlaskClient, receiver: Receiver
) -> None:
    path = failed_once(engine, receiver)
    with engine.app_context():
        progress = db.session.query(Delivery).one().progress
    seen = piece(browser, "GET", f"{path}?from=page&seen={progress}")
    assert (seen.status_code, seen.data) == (204, b"")
    news = piece(browser, "GET", f"{path}?from=page&seen=pending-0-0")
    assert news.text.lstrip().startswith('<div id="delivery"')
    assert "every 3s" in news.text
    # That its time has come is news too, although nobody has sent it yet.
    with engine.app_context(), transaction():
        db.session.query(Delivery).update({"due_at": EPOCH})
    due = piece(browser, "GET", f"{path}?from=page&seen={progress}")
    assert "as soon as it is its turn" in due.text


def test_a_viewer_looks_and_does_nothing(
    engine: Flask, browser: FlaskClient, receiver: Receiver
) -> None:
    path = failed_once(engine, receiver)
    viewer = sign_in(engine, "viewer", "viewer")
    page = viewer.get(path).text
    assert "Attempt 2 is made" in page
    assert "Try now" not in page
    assert "Cancel the delivery" not in page
    for action in ("retry_now", "cancel", "resend"):
        assert viewer.post(f"{path}/{action}").status_code == 403
    assert [delivery.status for delivery in deliveries(engine)] == ["pending"]
