"""Help: the page of the keys, and the switch that turns them off."""

import pytest
from flask.testing import FlaskClient

from tests.conftest import piece, sign_in
from tests.support.apps import MakeApp


@pytest.fixture
def browser(make_app: MakeApp) -> FlaskClient:
    return sign_in(make_app(), "viewer", "viewer")


def test_every_page_names_the_program_and_leads_to_help_and_the_time_zone(
    browser: FlaskClient,
) -> None:
    page = browser.get("/events").text
    foot = page[page.index('<footer class="colophon"') :]
    assert "webhooks-ui 0." in foot or "webhooks-ui 1." in foot
    assert 'href="/help"' in foot
    assert 'href="/settings/account#zone-title">Time zone: UTC</a>' in foot


def test_the_keys_stand_on_a_page_and_in_a_piece(browser: FlaskClient) -> None:
    for text in (browser.get("/help").text, piece(browser, "GET", "/help").text):
        for key in ("/", "n", "t", "j", "k", "?"):
            assert f"<kbd>{key}</kbd>" in text


def test_a_browser_can_switch_the_keys_off_and_on(browser: FlaskClient) -> None:
    assert " data-keys" in browser.get("/events").text
    answer = browser.post("/help/shortcuts", data={"keys": "off"})
    assert (answer.status_code, answer.location) == (303, "/help")
    page = browser.get("/help").text
    assert " data-keys" not in page
    assert "Turn shortcuts on" in page
    browser.post("/help/shortcuts", data={"keys": "on"})
    assert " data-keys" in browser.get("/events").text
