"""A delivery's page: what came of it, what comes next, and what can be done about it."""

from html import unescape

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.conftest import piece, sign_in
from tests.engine.conftest import deliveries, ended, send, subscribe, working
from tests.support.apps import ON_SQLITE
from tests.support.receiver import Answer, Receiver
from tests.support.waiting import wait_until
from webhooks_ui.crypto import signature_check
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import EPOCH, now
from webhooks_ui.models import Delivery, Webhook, form_keys


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
    assert "Queued." in browser.get(path).text
    assert "Try now" not in browser.get(path).text
    with working(engine):
        ended(engine)
    page = browser.get(path).text
    assert "The receiver accepted the event." in page
    assert 'id="attempt-1"' in page
    assert 'id="attempt-2"' in page
    assert "hx-trigger" not in page.partition('id="delivery"')[2].partition(">")[0]
    assert "no longer waiting" in browser.post(f"{path}/retry_now", follow_redirects=True).text


def test_it_can_be_cancelled(engine: Flask, browser: FlaskClient, receiver: Receiver) -> None:
    path = failed_once(engine, receiver)
    assert "Delivery cancelled." in browser.post(f"{path}/cancel", follow_redirects=True).text
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
    assert "Copy: webhook-id" in browser.get(again).text
    assert "Copy: webhook-id" not in browser.get(path).text
    assert "Resend of" in browser.get(again).text
    assert "Resent as" in browser.get(path).text


@ON_SQLITE
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
    assert "Queued." in due.text


@ON_SQLITE
def test_a_viewer_looks_and_does_nothing(
    engine: Flask, browser: FlaskClient, receiver: Receiver
) -> None:
    path = failed_once(engine, receiver)
    viewer = sign_in(engine, "viewer", "viewer")
    page = viewer.get(path).text
    assert "Attempt 2 is made" in page
    assert "Try now" not in page
    assert 'id="cancel"' not in page
    for action in ("retry_now", "cancel", "resend"):
        assert viewer.post(f"{path}/{action}").status_code == 403
    assert [delivery.status for delivery in deliveries(engine)] == ["pending"]


@ON_SQLITE
def test_it_is_named_by_event_and_webhook(
    engine: Flask, browser: FlaskClient, receiver: Receiver
) -> None:
    subscribe(engine, receiver.url, name="CRM")
    subscribe(engine, receiver.url, name="Loyalty")
    send(engine)
    with working(engine):
        ended(engine, 2)
    for delivery in deliveries(engine):
        page = browser.get(f"/deliveries/{delivery.public_id}").text
        title = page.partition("<title>")[2].partition("</title>")[0]
        own, other = ("CRM", "Loyalty") if "CRM" in title else ("Loyalty", "CRM")
        assert title.startswith(f"Message created → {own}")
        elsewhere = page.partition('id="elsewhere-title"')[2].partition("</section>")[0]
        assert other in elsewhere
        assert own not in elsewhere
        assert '<span class="push code good">200' in elsewhere


@ON_SQLITE
def test_one_attempt_at_a_time_and_what_changed_since_the_one_before(
    engine: Flask, browser: FlaskClient, receiver: Receiver
) -> None:
    path = failed_once(engine, receiver)
    browser.post(f"{path}/retry_now")
    with engine.app_context(), transaction():
        db.session.execute(update(Webhook).values(payload_format="raw", method="PUT"))
    answer = Answer(503, (("X-Node", "b"),), b'{"error": "out of paper", "code": 7}')
    receiver.answer(answer)
    with working(engine):
        wait_until(lambda: deliveries(engine)[0].attempts_made == 2, what="the second attempt")
    page = browser.get(path).text
    assert "out of paper" in unescape(page)
    assert "out of stock" not in page
    assert "waited " in page.partition('id="attempt-2"')[2].partition('id="attempt-1"')[0]
    first = browser.get(f"{path}?attempt=1").text
    assert "out of stock" in first
    assert "view=changes" not in first, "the first has none before it"

    changed = unescape(browser.get(f"{path}?view=changes").text)
    assert '<del>-  "error": "out of stock"</del>' in changed
    assert '<ins>+  "error": "out of paper",</ins>' in changed
    assert '<code>500</code> <span class="phone">→</span></td>\n<td><code>503</code>' in changed
    assert "<td>Method</td>" in changed
    assert '<td>Envelope <span class="phone">→</span></td>\n<td>Raw</td>' in changed
    assert "<code>x-node</code></td>" in changed
    assert "<code>webhook-signature</code>" in changed  # of another body, if in the same second
    assert browser.get(f"{path}?attempt=1&view=changes").status_code == 200
    assert browser.get(f"{path}?attempt=99&view=nonsense&raw=1").status_code == 200


@ON_SQLITE
def test_a_body_is_shown_in_colours_or_raw(
    engine: Flask, browser: FlaskClient, receiver: Receiver
) -> None:
    path = failed_once(engine, receiver)
    page = browser.get(path).text
    assert '<span class="k">&#34;error&#34;</span>: <span class="v">&#34;out of stock' in page
    assert "{&#34;error&#34;: &#34;out of stock&#34;}" in browser.get(f"{path}?raw=yes").text


@ON_SQLITE
def test_the_request_as_command_and_as_http(
    engine: Flask, browser: FlaskClient, receiver: Receiver
) -> None:
    path = failed_once(engine, receiver)
    assert "curl -X POST" in browser.get(f"{path}?view=curl").text
    pre = browser.get(f"{path}?view=http").text.partition("<pre")[2].partition(">")[2]
    raw = unescape(pre.partition("</pre>")[0])
    (request,) = receiver.requests()
    assert raw.startswith("POST ")
    own = deliveries(engine)[0]
    with engine.app_context():
        webhook = db.session.get(Webhook, own.webhook_id)
        assert webhook
        secrets = webhook.signing_secrets(current_vault(), now())
        page = webhook.public_id
    found = signature_check.check(
        signature_check.parse(raw), secrets, int(request.header("webhook-timestamp") or 0)
    )
    assert found.verdict == "valid", "it may be pasted where signatures are checked"
    assert f"/webhooks/{page}/verify" in browser.get(f"{path}?view=http").text
