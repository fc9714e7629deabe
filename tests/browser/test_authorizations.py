"""Authorizations made in the browser, tested there, and checked by the receiver.

Basic with htmx; Custom without JavaScript in plain/test_webhook.py, and so what is awaited: with
htmx that is in test_test_panel.py. Every kind is posted in webhooks/test_create.py; Bearer is typed
in test_form.py.
"""

import re
from collections.abc import Callable, Iterator
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
from tests.support.receiver import Answer, Receiver
from tests.support.server import Server
from tests.support.waiting import free_port
from webhooks_ui.authorization.basic import Basic

LOGIN, PASSWORD = "нова-пошта", "пароль:з:двокрапкою"


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path], port: int) -> Iterator[Server]:
    """A server that reaches a single address of this machine."""
    with Server(new_folder(), port, ALLOWED_NETWORKS="127.0.0.1") as server:
        yield server


def test_an_authorization_arrives(page: Page, receiver: Receiver) -> None:
    receiver.answer(Answer(200, body=f"you sent {PASSWORD}".encode()))
    page.goto("/webhooks/new")
    page.get_by_label("Webhook URL").fill(receiver.url)
    page.get_by_role("radio", name="Basic", exact=False).check()
    page.get_by_label("Login", exact=True).fill(LOGIN)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
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
    assert PASSWORD not in page.content()
    requests = receiver.wait(2)
    assert len(requests) == 2
    for request in requests:
        assert request.header("Authorization") == f"Basic {Basic(LOGIN, PASSWORD).credentials}"
        body = verify(request, secret)
        assert body["type"] == "assignee_changed"
        assert set(body["data"]["changed_attributes"][0]) == {"assignee_id"}


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


def test_a_port_that_nothing_listens_on(page: Page) -> None:
    page.goto(f"/webhooks/{make_webhook(page, f'http://127.0.0.1:{free_port()}/')}")
    send_test(page)
    expect_verdict(page, "bad", "The connection was refused.")
    expect_verdict(page, "bad", "Check that the receiver is running")
    expect(result(page)).to_contain_text("Address tried")


def test_an_address_that_is_blocked(page: Page, server: Server) -> None:
    page.goto("/webhooks/new")
    page.get_by_label("Webhook URL").fill("http://127.0.0.2:9/hook")
    send_test(page)
    expect_verdict(page, "bad", "The address is blocked.")
    expect_verdict(page, "bad", "WEBHOOKS_UI_ALLOWED_NETWORKS")
