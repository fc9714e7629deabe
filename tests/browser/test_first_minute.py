"""The first minute in a browser without JavaScript: from a server without users to a test event
that arrived. With JavaScript: test_keyboard.py.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import (
    expect_said,
    expect_verdict,
    result,
    send_test,
    sign_in,
    signing_secret,
    verify,
)
from tests.support.browser import Visitor
from tests.support.receiver import Answer, Received, Receiver
from tests.support.server import Server
from webhooks_ui.authorization.basic import Basic

LOGIN, PASSWORD = "marta", "kalyna-42-vitrylo-misto"
BASIC = Basic("acme-crm", "s3cret päss")


@pytest.fixture
def server(tmp_path: Path, port: int) -> Iterator[Server]:
    """A server that nobody has set up."""
    with Server(tmp_path / "data", port, ALLOWED_NETWORKS="127.0.0.1") as server:
        yield server


def test_the_first_minute(browser: Browser, server: Server, receiver: Receiver) -> None:
    receiver.answer(Answer(200, (("Content-Type", "application/json"),), b'{"taken":true}'))
    visitor = Visitor(browser, server.url, signed_in=None)
    page = visitor.open("/", javascript=False)
    expect(page.locator("h1")).to_have_text("Open the set-up link")

    page.goto(server.setup_link())
    make_the_administrator(page)
    page.get_by_role("link", name="Add a new webhook").click()
    fill_in(page, receiver.url)
    try_before_saving(page)
    secret = save(page)
    try_after_saving(page)

    for request in receiver.wait(2):
        assert request.method == "POST"
        assert request.header("Authorization") == f"Basic {BASIC.credentials}"
        assert request.header("Content-Type") == "application/json"
        assert verify(request, secret)["type"] == "message_created"
    first, second = receiver.requests()
    assert first.header("webhook-id") != second.header("webhook-id")
    the_secrets_are_gone(page, secret)
    look_at_the_delivery(page, second)
    delete_and_undo(page)
    sign_out_and_in(page)
    visitor.leave()


def make_the_administrator(page: Page) -> None:
    page.get_by_label("Login").fill(LOGIN)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create administrator").click()
    expect(page).to_have_url(re.compile("/webhooks$"))
    expect_said(page, "The console is set up, and you are signed in.")
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()


def fill_in(page: Page, url: str) -> None:
    """Fill the form; each kind of authorization shows its own fields and keeps what was typed."""
    page.get_by_label("Webhook URL").fill(url)
    page.get_by_label("Name (optional)").fill("CRM")
    login = page.get_by_label("Login", exact=True)
    password = page.get_by_label("Password", exact=True)
    token = page.get_by_label("Token", exact=True)
    expect(login).to_be_hidden()
    page.get_by_role("radio", name="Bearer").check()
    token.fill("to be kept")
    page.get_by_role("radio", name="Basic").check()
    expect(token).to_be_hidden()
    login.fill(BASIC.login)
    password.fill(BASIC.password)
    page.get_by_role("radio", name="Bearer").check()
    expect(token).to_have_value("to be kept")
    expect(login).to_be_hidden()
    page.get_by_role("radio", name="Basic").check()
    expect(login).to_have_value(BASIC.login)
    expect(password).to_have_value(BASIC.password)
    page.get_by_role("checkbox", name="Message created").check()


def try_before_saving(page: Page) -> None:
    page.get_by_label("Event", exact=True).select_option("message_created")
    send_test(page)
    expect_verdict(page, "good", "The receiver accepted the event.")
    expect(result(page).locator(".chips")).to_contain_text("200 OK")
    expect(result(page)).to_contain_text('"taken": true')
    assert BASIC.password not in page.content()


def save(page: Page) -> str:
    page.get_by_role("button", name="Save webhook").click()
    expect(page.get_by_role("heading", name="CRM", level=1)).to_be_visible()
    return signing_secret(page)


def try_after_saving(page: Page) -> None:
    history = page.get_by_role("table", name="Latest deliveries")
    expect(history.get_by_role("row")).to_have_count(2)  # the header, and the test made before
    send_test(page)
    expect_verdict(page, "good", "The receiver accepted the event.")
    expect(history.get_by_role("row")).to_have_count(3)
    expect(history.get_by_role("row").nth(1)).to_contain_text("200")
    expect(page.locator("#health")).to_contain_text("No events yet")


def the_secrets_are_gone(page: Page, secret: str) -> None:
    page.reload()
    expect(page.get_by_role("heading", name="CRM", level=1)).to_be_visible()
    expect(page.locator("#signing-secret")).to_have_count(0)
    assert secret not in page.content()
    assert BASIC.password not in page.content()


def look_at_the_delivery(page: Page, request: Received) -> None:
    """The latest one's page shows what was sent, but for the secret, and what came back."""
    history = page.get_by_role("table", name="Latest deliveries")
    history.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Message created → CRM")).to_be_visible()
    shown = page.locator("#delivery")
    expect(shown).to_contain_text("The receiver accepted the event.")
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        expect(shown).to_contain_text(request.header(name) or "-")
    expect(shown).to_contain_text("Basic ••••••••")
    assert BASIC.credentials not in page.content()
    shown.get_by_role("link", name="CRM").click()
    expect(page.get_by_role("heading", name="CRM", level=1)).to_be_visible()


def delete_and_undo(page: Page) -> None:
    page.get_by_role("main").get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Delete").click()
    expect_said(page, "CRM is deleted.")
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect_said(page, "CRM is back.")
    expect(page.locator("#health")).to_contain_text("No events yet")


def sign_out_and_in(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect_said(page, "You are signed out.")
    page.goto("/webhooks")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, LOGIN, PASSWORD)
    expect(page.get_by_role("link", name="CRM", exact=True)).to_be_visible()
