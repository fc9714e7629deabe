"""Signing in at a real OpenID provider, and being refused there and here: without scripts."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import PASSWORD
from tests.plain.page import ADDRESS, Page
from tests.support.apps import MakeApp
from tests.support.openid import ITS_WARNINGS, choose, settings_of
from webhooks_ui.accounts import users

pytestmark = ITS_WARNINGS


@pytest.fixture
def guest(make_app: MakeApp, provider: str) -> Page:
    """The browser of somebody who is not signed in; olena@acme.example is an editor here."""
    app = make_app(WTF_CSRF_ENABLED=True, **settings_of(provider))
    with app.app_context():
        assert users.add_user("olena", PASSWORD) == {}
        assert users.add_user("olena@acme.example", PASSWORD, "editor") == {}
    return Page(app.test_client(), "/deliveries?status=failed")


def sign_in_as(page: Page, **choice: str) -> str:
    """Follows the link to the provider, presses a button there and comes back; what was asked."""
    link = next(each for each in page.all("a") if "Sign in with localhost" in page.name(each))
    asked = page.client.get(link.attrib["href"]).headers["Location"]
    page.go(choose(asked, **choice).removeprefix(ADDRESS))
    return asked


def test_who_is_known_comes_to_the_page_that_was_wanted(guest: Page) -> None:
    sign_in_as(guest, sub="1")
    assert guest.url == "/deliveries?status=failed"
    assert guest.go("/webhooks").all("a[@href='/webhooks/new']")
    assert "People" not in [guest.name(each) for each in guest.all("a")]  # an editor


def test_who_is_refused_reads_why_and_can_go_on(guest: Page) -> None:
    """Cancelled there; unknown here, where another account is asked for; the right one at last."""
    sign_in_as(guest, action="deny")
    assert "did not let you in" in guest.text

    asked = sign_in_as(guest, sub="3")
    assert "prompt" not in parse_qs(urlsplit(asked).query)
    assert "No user here has the login taras@acme.example." in guest.text

    asked = sign_in_as(guest, sub="1")
    assert parse_qs(urlsplit(asked).query)["prompt"] == ["select_account"]
    assert guest.url == "/deliveries?status=failed"


def test_a_password_still_signs_in_after_a_refusal(guest: Page) -> None:
    sign_in_as(guest, sub="2")
    assert "sent no login for you" in guest.text
    guest.fill("Login", "olena").fill("Password", PASSWORD).enter("Password")
    assert guest.url == "/deliveries?status=failed"
