"""Authorizations made in the browser, tested there, and checked by the receiver.

Basic with htmx, Custom by a plain form with JavaScript off, and so what is awaited: with htmx that
is in test_test_panel.py. Every kind is posted in webhooks/test_create.py; Bearer is typed in
test_form.py.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import (
    expect_verdict,
    make_webhook,
    result,
    send_test,
    signing_secret,
    verify,
)
from tests.support.browser import Open
from tests.support.receiver import Answer, Receiver
from tests.support.server import Server
from tests.support.waiting import free_port
from webhooks_ui.authorization.basic import Basic

TIMEOUT = "6"  # seconds for a delivery: time enough for a busy machine


@dataclass(frozen=True)
class Kind:
    """An authorization: what is typed, which header must arrive, what of it stays secret."""

    name: str
    fields: dict[str, str]
    header: str
    value: str
    secret: str

    def __str__(self) -> str:
        return self.name


KINDS = [
    Kind(
        "Basic",
        {"Login": "нова-пошта", "Password": "пароль:з:двокрапкою"},
        "Authorization",
        f"Basic {Basic('нова-пошта', 'пароль:з:двокрапкою').credentials}",
        "пароль:з:двокрапкою",
    ),
    Kind(
        "Custom",
        {"Header name": "X-Api-Key", "Header value": "k-58d0-e2f1"},
        "X-Api-Key",
        "k-58d0-e2f1",
        "k-58d0-e2f1",
    ),
]


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path], port: int) -> Iterator[Server]:
    """A server that waits a short time for receivers."""
    settings = {"ALLOWED_NETWORKS": "127.0.0.1", "DELIVERY_TIMEOUT": TIMEOUT}
    with Server(new_folder(), port, **settings) as server:
        yield server


BY_HTMX = pytest.mark.parametrize("page", [True], ids=["htmx"], indirect=True)


@pytest.fixture
def page(request: pytest.FixtureRequest, open_page: Open) -> Page:
    """A signed-in page, without JavaScript unless the test is marked `BY_HTMX`."""
    return open_page(javascript=getattr(request, "param", False))


@pytest.mark.parametrize(
    ("page", "kind"), [*zip((True, False), KINDS, strict=True)], ids=str, indirect=["page"]
)
def test_an_authorization_arrives(page: Page, receiver: Receiver, kind: Kind) -> None:
    receiver.answer(Answer(200, body=f"you sent {kind.value}".encode()))
    page.goto("/webhooks/new")
    page.get_by_label("Webhook URL").fill(receiver.url)
    page.get_by_role("radio", name=kind.name, exact=False).check()
    for label, text in kind.fields.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("checkbox", name="Assignee changed").check()
    page.get_by_label("Event", exact=True).select_option("assignee_changed")
    send_test(page)
    expect_verdict(page, "good", "The receiver accepted the event.")

    page.get_by_role("button", name="Save webhook").click()
    expect(page).to_have_url(re.compile("/webhooks/wh_[^/]+$"))
    secret = signing_secret(page)
    send_test(page)
    expect_verdict(page, "good", "The receiver accepted the event.")
    expect(result(page)).to_contain_text("200 OK")

    page.reload()
    assert kind.secret not in page.content()
    requests = receiver.wait(2)
    assert len(requests) == 2
    for request in requests:
        assert request.header(kind.header) == kind.value
        body = verify(request, secret)
        assert body["type"] == "assignee_changed"
        assert set(body["data"]["changed_attributes"][0]) == {"assignee_id"}


@BY_HTMX
def test_a_receiver_that_refuses_the_authorization(page: Page, receiver: Receiver) -> None:
    receiver.answer(Answer(401, body=b'{"error":"who are you?"}'))
    fields = {"auth_type": "bearer", "auth_token": "stale-token-11"}
    page.goto(f"/webhooks/{make_webhook(page, receiver.url, **fields)}")
    send_test(page)
    expect_verdict(page, "bad", "The receiver refused the authorization.")
    expect_verdict(page, "bad", "It answered 401")
    expect_verdict(page, "bad", "Check the webhook's authorization")
    expect(result(page)).to_contain_text("who are you?")
    expect(page.locator("#health")).to_contain_text("Failing")


@BY_HTMX
def test_a_port_that_nothing_listens_on(page: Page) -> None:
    page.goto(f"/webhooks/{make_webhook(page, f'http://127.0.0.1:{free_port()}/')}")
    send_test(page)
    expect_verdict(page, "bad", "The connection was refused.")
    expect_verdict(page, "bad", "Check that the receiver is running")
    expect(result(page)).to_contain_text("Address tried")


@BY_HTMX
def test_an_address_that_is_blocked(page: Page, server: Server) -> None:
    page.goto("/webhooks/new")
    page.get_by_label("Webhook URL").fill("http://127.0.0.2:9/hook")
    send_test(page)
    expect_verdict(page, "bad", "The address is blocked.")
    expect_verdict(page, "bad", "WEBHOOKS_UI_ALLOWED_NETWORKS")


def test_a_receiver_that_hangs(page: Page, receiver: Receiver) -> None:
    receiver.answer(Answer(hang=True))
    path = f"/webhooks/{make_webhook(page, receiver.url)}"
    page.goto(path)
    page.get_by_role("button", name="Send test event").click()
    expect_verdict(page, "wait", "On its way.")

    page.goto(path)
    send_test(page)
    expect_verdict(page, "bad", "The receiver took too long.")
    expect_verdict(page, "bad", f"within {TIMEOUT} s")
    page.goto(path)
    history = page.get_by_role("table", name="Latest deliveries").get_by_role("row")
    expect(history).to_have_count(3)
    expect(history.nth(1)).to_contain_text("The receiver took too long.")
    assert len(receiver.requests()) == 2


def test_a_receiver_that_hangs_before_the_webhook_is_saved(page: Page, receiver: Receiver) -> None:
    receiver.answer(Answer(hang=True))
    page.goto("/webhooks/new")
    page.get_by_label("Webhook URL").fill(receiver.url)
    page.get_by_label("Name (optional)").fill("Still here")
    page.get_by_role("radio", name="Bearer").check()
    page.get_by_label("Token", exact=True).fill("t0ken-93c1")
    page.get_by_role("checkbox", name="Message updated").check()
    send_test(page)
    expect_verdict(page, "bad", "The receiver took too long.")
    expect(page.get_by_label("Name (optional)")).to_have_value("Still here")
    expect(page.get_by_role("checkbox", name="Message updated")).to_be_checked()

    receiver.answer(Answer(200))
    page.get_by_role("button", name="Save webhook").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Still here")
    send_test(page)
    expect_verdict(page, "good", "The receiver accepted the event.")
    sent = [request.header("Authorization") for request in receiver.requests()]
    assert sent == ["Bearer t0ken-93c1"] * 2
