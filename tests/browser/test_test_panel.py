"""The test panel: its samples, what is typed into it, and a result that takes its time."""

import shlex
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import (
    await_result,
    csrf_token,
    expect_verdict,
    make_webhook,
    result,
)
from tests.support.browser import Open
from tests.support.receiver import Answer, Receiver
from tests.support.server import Server
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.catalogue.event_types import ALL_TYPES

TIMEOUT = "6"  # seconds: time enough to look at what is shown meanwhile
SECRET = "topsecret/9&51"
BASIC = {"auth_type": "basic", "auth_login": "acme", "auth_password": SECRET}

NO_CLIPBOARD = "Object.defineProperty(Navigator.prototype, 'clipboard', {get: () => undefined})"
REFUSING_CLIPBOARD = "navigator.clipboard.writeText = () => Promise.reject(new Error('refused'))"


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path], port: int) -> Iterator[Server]:
    settings = {"ALLOWED_NETWORKS": "127.0.0.1", "DELIVERY_TIMEOUT": TIMEOUT}
    with Server(new_folder(), port, **settings) as server:
        yield server


def open_panel(page: Page, url: str, **fields: str) -> Locator:
    """The page of a new webhook with the test's data unfolded; the data's field."""
    page.goto(f"/webhooks/{make_webhook(page, url, **fields)}")
    page.get_by_text("Event data JSON").click()
    return page.get_by_role("textbox", name="Event data")


def send(page: Page) -> None:
    page.get_by_role("button", name="Send test event").click()


def test_the_sample_follows_the_event_until_it_is_edited(page: Page, receiver: Receiver) -> None:
    data = open_panel(page, receiver.url)
    event = page.get_by_label("Event", exact=True)
    back = page.get_by_role("button", name="Back to the sample")
    expect(event).to_have_value("message_created")
    expect(data).to_have_value(ALL_TYPES["message_created"].sample_text)
    event.select_option("assignee_changed")
    expect(data).to_have_value(ALL_TYPES["assignee_changed"].sample_text)
    expect(back).to_be_hidden()

    mine = '{"id": 7, "content": "Доброго дня"}'
    data.fill(mine)
    event.select_option("team_changed")
    expect(data).to_have_value(mine)
    send(page)
    expect_verdict(page, "good", "The receiver accepted the event.")
    expect(data).to_have_value(mine)
    body = receiver.wait(1)[0].json()
    assert (body["type"], body["data"]) == ("team_changed", {"id": 7, "content": "Доброго дня"})

    back.click()
    expect(data).to_have_value(ALL_TYPES["team_changed"].sample_text)
    expect(data).to_be_focused()
    expect(back).to_be_hidden()


def test_broken_json_is_told_and_not_sent(page: Page, receiver: Receiver) -> None:
    """Without JavaScript: tests/plain/test_webhook.py."""
    data = open_panel(page, receiver.url)
    data.fill('{\n  "id": 7\n  "x": 8}')
    send(page)
    expect_verdict(page, "bad", "Nothing was sent.")
    expect_verdict(page, "bad", "This is not JSON: look at line 3, column 3.")
    expect(page.get_by_role("status")).to_contain_text("look at line 3, column 3.")
    data.fill("[]")
    send(page)
    expect_verdict(page, "bad", "A JSON object was expected")
    data.fill("{}")
    send(page)
    expect_verdict(page, "good", "The receiver accepted the event.")
    assert [request.json()["data"] for request in receiver.requests()] == [{}]


def test_a_double_click_sends_once(page: Page, receiver: Receiver) -> None:
    """One form that is sent twice is a single test: webhooks/test_send_test_event.py."""
    open_panel(page, receiver.url)
    receiver.answer(Answer(delay=0.3))
    page.get_by_role("button", name="Send test event").dblclick(no_wait_after=True)
    await_result(page)
    expect_verdict(page, "good", "The receiver accepted the event.")
    assert len(receiver.requests()) == 1
    send(page)  # but one wants to send a second time once the first has come back
    receiver.wait(2)
    expect(page.get_by_role("table", name="Latest deliveries").get_by_role("row")).to_have_count(3)
    first, second = receiver.requests()
    assert first.header("webhook-id") != second.header("webhook-id")


def test_a_receiver_that_hangs_leaves_the_page_usable(page: Page, receiver: Receiver) -> None:
    data = open_panel(page, receiver.url)
    receiver.answer(Answer(hang=True))
    send(page)
    expect_verdict(page, "wait", "On its way.")
    expect(page.get_by_role("status")).to_contain_text("On its way.")
    expect(page.get_by_role("button", name="Send test event")).to_be_enabled()
    data.fill('{"typed": "meanwhile"}')
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Catalogue").click(modifiers=["ControlOrMeta"])
    expect(opened.value.get_by_role("heading", name="Catalogue")).to_be_visible()
    expect_verdict(page, "wait", "On its way.")

    expect_verdict(page, "bad", "The receiver took too long.")
    expect(page.get_by_role("status")).to_contain_text("The receiver took too long.")
    expect(page.locator("#health")).to_contain_text("Failing")
    expect(data).to_have_value('{"typed": "meanwhile"}')
    expect(result(page)).not_to_have_attribute("hx-trigger", "load")
    assert len(receiver.requests()) == 1


def test_ten_receivers_that_hang_leave_the_console_quick(
    page: Page, server: Server, receiver: Receiver
) -> None:
    """Tests are sent without JavaScript, where the answer waits for the receiver's."""
    ids = [make_webhook(page, receiver.url, name=f"Hang {n}") for n in range(10)]
    requests = [prepared(page, f"{server.url}/webhooks/{public_id}/test") for public_id in ids]
    receiver.answer(Answer(hang=True))
    with ThreadPoolExecutor(10) as ten_people:
        sent = [ten_people.submit(urlopen, request, timeout=30) for request in requests]
        receiver.wait(10)
        page.goto("/webhooks?q=Hang")
        # The eleventh has a page while all ten receivers still hang, and so have no result.
        assert page.get_by_text("No delivery yet").count() == 10
        receiver.answer(Answer(200))
        for answer in sent:
            answer.result().close()


def prepared(page: Page, url: str) -> Request:
    """What this page's browser would send to start a test."""
    cookies = page.context.cookies()
    headers = {"Cookie": "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)}
    form = {"event": "message_created", "csrf_token": csrf_token(page)}
    return Request(url, urlencode(form).encode(), headers)


def test_copy_as_curl(open_page: Open, receiver: Receiver) -> None:
    """By the API of the clipboard, where that refuses, and over plain http, which has none."""
    receiver.answer(Answer(200, body=f"password={SECRET}".encode()))
    page = open_page(permissions=["clipboard-read", "clipboard-write"], is_new=True)
    data = open_panel(page, receiver.url, **BASIC)
    send(page)
    expect_verdict(page, "good", "The receiver accepted the event.")

    page.get_by_text("As a curl command").click()
    button = page.get_by_role("button", name="Copy: curl command")
    for script in ("", REFUSING_CLIPBOARD, NO_CLIPBOARD):
        page.evaluate(f"() => {{ {script} }}")
        data.fill("something else")
        data.press("ControlOrMeta+a")
        data.press("ControlOrMeta+c")
        button.click()
        expect(page.get_by_role("status")).to_contain_text("curl command: copied.")
        expect(button).to_be_focused()
        data.fill("")
        data.press("ControlOrMeta+v")
        check_curl(data.input_value(), receiver)
    for part in (SECRET, Basic("acme", SECRET).credentials):
        assert part not in page.content()


def check_curl(command: str, receiver: Receiver) -> None:
    """The command is the request that was received, with $TOKEN in the place of the secret."""
    (request,) = receiver.requests()
    words = shlex.split(command.replace("\\\n", " "))
    headers = [words[at + 1] for at, word in enumerate(words) if word == "-H"]
    assert words[:4] == ["curl", "-X", "POST", receiver.url]
    assert "Authorization: Basic $TOKEN" in headers
    assert f"webhook-signature: {request.header('webhook-signature')}" in headers
    assert words[words.index("--data-raw") + 1] == request.body.decode()
