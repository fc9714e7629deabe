"""What went wrong is put right without scripts: tried now, cancelled, recovered, sent elsewhere."""

import re

from flask import Flask

from tests.engine.conftest import send, subscribe, working
from tests.log.test_recover import go_through
from tests.plain.conftest import look_again
from tests.plain.page import Page, text
from tests.support.receiver import Answer, Receiver


def test_from_a_failure_to_everything_delivered(
    page: Page, console: Flask, receiver: Receiver
) -> None:
    own = subscribe(console, receiver.url, name="Orders")
    other = subscribe(console, receiver.url, name="Teams", events=("team_changed",))
    with working(console):
        receiver.answer(Answer(500))
        first = failed(page, console, own)
        assert "Attempt 2 is made" in page.text
        receiver.answer(Answer(200))
        page.press("Try now")
        assert "Queued." in page.text
        look_again(page, lambda: "The receiver accepted the event." in page.id("delivery"))
        assert page.one("*[@id='attempt-2']") is not None

        receiver.answer(Answer(500))
        failed(page, console, own)
        page.press("Cancel")
        assert "Delivery cancelled." in page.text
        receiver.answer(Answer(200))

        page.go(f"/webhooks/{own}").press("Disable")
        send(console)
        page.press("Enable")
        assert "can be sent to it." in page.id("problem")
        (link,) = page.one("*[@id='problem']").iter("a")
        page.go(link.attrib["href"])
        assert (page.id("found"), page.id("missed")) == ("1 delivery", "1 event")
        page.press("Send anyway")  # the last attempt failed
        go_through(console)
        look_again(page, lambda: "Finished" in page.id("progress"))
        assert "Delivered2" in page.id("progress")

        page.go("/events")
        page.go(next(page.rows()[0].iter("a")).attrib["href"])
        assert "It was sent by a recovery." in page.id("got")
        assert "It did not subscribe to this event." in page.id("missed")
        page.press(re.compile("^Deliver.+Teams$"))
        look_again(page, lambda: "The receiver accepted the event." in page.id("delivery"))
        assert len(page.go(f"/deliveries?webhook={other}").rows()) == 1
        page.go(first).press("Send again").follow(first.rpartition("/")[2])


def failed(page: Page, app: Flask, webhook: str) -> str:
    """An event comes and its first attempt fails; its delivery's page, which is open then."""
    send(app)
    page.go(f"/deliveries?webhook={webhook}&status=pending")
    words = "The receiver had an error."
    look_again(page, lambda: bool(page.rows(words)))
    page.go(next(page.rows(words)[0].iter("a")).attrib["href"])
    assert text(page.one("*[@id='delivery']"))
    return page.url.partition("?")[0]
