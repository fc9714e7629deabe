"""A console in this process and a browser without scripts: see `page`."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from tests.accounts.conftest import add, password_hash
from tests.accounts.test_forgotten import can_mail
from tests.conftest import sign_in
from tests.engine.conftest import receiver
from tests.plain.page import Page
from tests.support.apps import MakeApp
from tests.support.waiting import wait_until

__all__ = ["password_hash", "receiver"]  # fixtures


@pytest.fixture
def console(make_app: MakeApp, password_hash: str) -> Flask:
    """A console that checks CSRF tokens, where a second attempt is an hour away."""
    app = make_app(
        WTF_CSRF_ENABLED=True,
        RETRY_SCHEDULE=(timedelta(hours=1),),
        DELIVERY_TIMEOUT=2.0,
        **can_mail(9),  # nothing listens there
    )
    add(app, "olena", password_hash)
    return app


@pytest.fixture
def page(console: Flask) -> Page:
    """The browser of `olena`, who is signed in and looks at the list of webhooks."""
    return Page(sign_in(console, "olena"), "/webhooks")


def create_webhook(page: Page, url: str, **fields: str) -> str:
    """Makes a webhook by the form, typed by label, and shows its page; its path."""
    page.go("/webhooks/new").fill("Webhook URL", url)
    for label, typed in fields.items():
        page.fill(label.replace("_", " "), typed)
    page.check("Message created").press("Save webhook")
    assert page.url.startswith("/webhooks/wh_"), page.text
    return page.url.partition("?")[0]


def look_again(page: Page, is_there: Callable[[], bool]) -> None:
    """Asks for the page again until it shows what is awaited."""

    def found() -> bool:
        if is_there():
            return True
        page.reload()
        return is_there()

    wait_until(found, what=f"what is looked for on {page.url}")


def send_test(page: Page) -> str:
    """Sends a test event and asks for its result until it has come; its words."""
    page.press("Send test event")

    def has_come() -> bool:
        words = page.id("test-result")
        if "On its way." in words:
            page.press("See whether the answer has come")
        return "On its way." not in page.id("test-result")

    wait_until(has_come, what="the result of the test")
    return page.id("test-result")
