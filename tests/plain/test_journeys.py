"""Without scripts: a webhook, its deliveries and their signatures, and the built-in receiver."""

import re

from flask import Flask

from tests.conftest import sign_in
from tests.engine.conftest import send, working
from tests.log.test_recover import go_through
from tests.plain.conftest import create_webhook, look_again, send_test
from tests.plain.page import Page
from tests.support.apps import MakeApp
from tests.support.listening import listening
from tests.support.receiver import Answer, Receiver

NOBODY = "http://127.0.0.1:9/hook"


def test_a_webhook_its_deliveries_and_their_signatures(
    page: Page, console: Flask, receiver: Receiver
) -> None:
    receiver.answer(Answer(500, (("Content-Type", "application/json"),), b'{"error": "busy"}'))
    own = create_webhook(page, receiver.url, **{"Name (optional)": "Orders"})
    create_webhook(page, NOBODY, **{"Name (optional)": "Orders, too"})

    page.go("/webhooks?q=orders&sort=name").follow("Orders")
    assert page.follow("Next webhook").heading == "Orders, too"
    assert "Next webhook" not in [page.name(each) for each in page.all("a")]
    page.follow("Previous webhook").follow("7 d")
    assert page.one("*[@id='span-7d']").get("aria-current") == "true"

    page.press(re.compile("^Until tomorrow"))
    assert "Paused until" in page.text
    send(console)
    page.press("Resume")
    assert "1 event came meanwhile." in page.text
    page.press("Send them now")
    assert page.id("progress")
    go_through(console)
    page.go(own).follow("History")
    assert "Webhook paused" in page.text
    page.follow("Duplicate")
    assert page.value("Name (optional)") == "Copy of Orders"

    with working(console):
        page.go(f"/deliveries?webhook={own.rpartition('/')[2]}&status=pending")
        look_again(page, lambda: bool(page.rows("500")))
        page.go(next(page.rows()[0].iter("a")).attrib["href"]).press("Try now")
        look_again(page, lambda: bool(page.all("*[@id='attempt-2']")))
    page.follow("Changes")
    assert "Compared with attempt 1." in page.id("exchange")
    page.follow("Both sides").follow("Raw")
    assert '{"error": "busy"}' in page.text
    page.follow("curl")
    assert "curl " in page.text
    page.follow("Raw HTTP")
    (shown,) = page.one("*[@id='exchange']").iter("pre")
    request = "".join(shown.itertext())
    page.follow("Check a signature").fill("Request", request).press("Check signature")
    assert "good" in page.one("*[@id='check-result']").attrib["class"]
    page.fill("Request", request.replace("message_created", "other")).press("Check signature")
    assert "bad" in page.one("*[@id='check-result']").attrib["class"]


def test_from_the_empty_list_to_a_signature_that_holds(
    make_app: MakeApp, password_hash: str
) -> None:
    """The built-in receiver: made, pointed at, looked at again, answers as told."""
    with listening() as server:
        app = make_app(WTF_CSRF_ENABLED=True, PUBLIC_URL=f"http://127.0.0.1:{server.server_port}")
        server.app = app
        try_the_receiver(Page(sign_in(app, "olena"), "/webhooks"))


def try_the_receiver(page: Page) -> None:
    page.press("Try the test receiver")
    assert page.heading == "Requests"
    assert "Nothing has arrived yet" in page.text
    receiver = page.url
    other = Page(page.client, receiver)

    page.follow("Create a webhook that sends here")
    assert page.value("Webhook URL").endswith(receiver)
    page.check("Message created").press("Save webhook")
    assert "The receiver accepted the event." in send_test(page)

    arrived = other.follow("Show new requests").text
    assert "Signature valid" in arrived
    assert "message_created" in arrived
    assert other.id("requests-title") == "1 request"
    other.select("Answer", "500").press("Save response")
    assert "Response saved: 500" in other.text
    assert "The receiver had an error." in send_test(page)


def test_jump_is_a_page(page: Page) -> None:
    create_webhook(page, NOBODY, **{"Name (optional)": "Odesa"})
    page.go("/events").follow("Jump to…").fill("Jump to", "odesa").enter("Jump to")
    assert page.heading == "Odesa"
