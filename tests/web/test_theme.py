"""The theme: light, dark or the system's, kept by the browser and rendered by the server."""

import pytest
from flask import Flask

from tests.conftest import sign_in
from tests.support.apps import MakeApp


@pytest.fixture
def console(make_app: MakeApp) -> Flask:
    return make_app()


def test_without_a_choice_the_system_decides(console: Flask) -> None:
    page = console.test_client().get("/login").text
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "data-theme" not in page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_choice_is_in_the_page_itself(console: Flask, theme: str) -> None:
    browser = sign_in(console, "olena")
    answer = browser.post("/theme", data={"theme": theme, "next": "/deliveries?status=failed"})
    assert (answer.status_code, answer.location) == (303, "/deliveries?status=failed")
    page = browser.get("/deliveries").text
    assert f'data-theme="{theme}"' in page
    assert f'<meta name="color-scheme" content="{theme}">' in page
    assert pressed(page) == theme


def test_it_is_chosen_before_sign_in_too_and_taken_back(console: Flask) -> None:
    browser = console.test_client()
    browser.post("/theme", data={"theme": "dark"})
    assert 'data-theme="dark"' in browser.get("/login").text
    browser.post("/theme", data={"theme": "system"})
    assert pressed(browser.get("/login").text) == "system"


def test_what_is_no_theme_is_refused(console: Flask) -> None:
    browser = sign_in(console, "olena")
    assert browser.post("/theme", data={"theme": "pink"}).status_code == 400
    browser.set_cookie("theme", "pink")
    assert "data-theme" not in browser.get("/webhooks").text


def pressed(page: str) -> str:
    """The theme whose button is marked as current."""
    button = next(
        each for each in page.split("<button") if 'name="theme"' in each and "aria-current" in each
    )
    return button.partition('value="')[2].partition('"')[0]
