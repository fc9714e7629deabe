"""By keyboard: signing in at a real OpenID provider, which is another site than the console.

Without JavaScript: tests/plain/test_openid.py.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import LOGIN, PASSWORD, console
from tests.browser.test_put_right import press
from tests.support.browser import Open, Visitor, assert_accessible
from tests.support.openid import ITS_WARNINGS, settings_of
from tests.support.server import Server

pytestmark = ITS_WARNINGS
STYLE = re.compile("^https://cdn")  # of the provider's pages


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path], port: int, provider: str) -> Iterator[Server]:
    """The program, at which olena@acme.example is an editor and taras nobody."""
    server = console(new_folder(), port)
    settings = settings_of(provider)
    server.environ |= {f"WEBHOOKS_UI_{name}": value for name, value in settings.items()}
    with server:
        known = ("olena@acme.example", "--role", "editor")
        server.command("user", "add", *known, "--password-stdin", stdin=PASSWORD)
        yield server


@pytest.fixture
def guest(visitor: Visitor, open_page: Open, provider: str) -> Page:
    """A browser of somebody who is not signed in, and that may go to the provider."""
    visitor.watch.allow(f"other origin: {provider}")
    visitor.watch.allow("other origin: https://cdn")
    page = open_page(signed_in=False, is_new=True)
    page.context.route(STYLE, lambda route: route.fulfill(body="", content_type="text/css"))
    return page


def button(page: Page, subject: str) -> Locator:
    """That of this account on the provider's page; its name is another from version to version."""
    return page.locator(f"button[value='{subject}']").first


def sign_in_as(page: Page, subject: str) -> None:
    """From the sign-in page to the provider's, where this account is chosen."""
    page.get_by_role("link", name="Sign in with localhost").press("Enter")
    button(page, subject).press("Enter")


def test_who_is_known_comes_to_the_page_that_was_wanted(guest: Page) -> None:
    guest.goto("/deliveries?status=failed")
    sign_in_as(guest, "1")
    expect(guest).to_have_url(re.compile(r"/deliveries\?status=failed$"))
    guest.goto("/webhooks")
    expect(guest.get_by_role("link", name="Add a new webhook").first).to_be_visible()
    expect(guest.get_by_role("link", name="People")).to_have_count(0)  # an editor


def test_who_is_refused_reads_why_and_can_go_on(guest: Page) -> None:
    """Cancelled there, unknown here, and with a password at last."""
    guest.goto("/deliveries?status=failed")
    sign_in_as(guest, "deny")
    refused = guest.get_by_role("main").locator(".note.bad")
    expect(refused).to_contain_text("did not let you in")
    expect(guest.get_by_label("Login")).to_be_focused()

    sign_in_as(guest, "3")
    expect(refused).to_contain_text("No user here has the login taras@acme.example.")
    assert_accessible(guest)

    guest.get_by_label("Login").fill(LOGIN)
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_label("Password", exact=True).press("Enter")
    expect(guest).to_have_url(re.compile(r"/deliveries\?status=failed$"))
    expect(guest.get_by_role("link", name="People")).to_be_visible()  # an administrator


def test_a_form_goes_on_after_signing_in_in_another_tab(guest: Page) -> None:
    """The provider cannot hold what was typed, so its page opens beside the form."""
    guest.goto("/channels/new")
    sign_in_as(guest, "1")
    guest.get_by_label("Name").fill("Ґанок")
    guest.get_by_label("Key", exact=True).fill("porch")
    guest.context.clear_cookies(name=re.compile("session"))
    press(guest, "Save channel")
    with guest.expect_popup() as opened:
        guest.get_by_role("link", name="Sign in with localhost").press("Enter")
    other = opened.value
    button(other, "1").press("Enter")
    expect(other.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()
    press(guest, "Sign in")
    expect(guest.get_by_label("Name")).to_have_value("Ґанок")
    press(guest, "Save channel")
    expect(guest.get_by_role("cell", name="Ґанок", exact=True)).to_be_visible()
