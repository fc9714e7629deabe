"""A session that ends under a form: after signing in, everything stands there as it was typed.

Without JavaScript, and by saving: tests/plain/test_people.py.
"""

import re

from playwright.sync_api import expect

from tests.browser.steps import sign_in
from tests.support.browser import Open

AGAIN = "Ви знову увійшли."


def test_a_test_from_the_form_survives_the_end_of_its_session(open_page: Open) -> None:
    page = open_page("/webhooks/new", locale="uk-UA", width=320)
    page.locator("[name=url]").fill("http://127.0.0.1:9/hook")
    page.locator("[name=auth_type][value=bearer]").check()
    page.locator("[name=auth_token]").fill("sk_live_kept_in_no_page")
    page.context.clear_cookies(name=re.compile("session"))
    page.locator("#test-send").click()

    expect(page.locator("[name=login]")).to_be_visible()
    assert "sk_live_kept_in_no_page" not in page.content()
    sign_in(page)
    expect(page.locator("#main").get_by_text(AGAIN)).to_be_visible()
    expect(page.locator("[name=url]")).to_have_value("http://127.0.0.1:9/hook")
    assert "sk_live_kept_in_no_page" not in page.content()
    expect(page.locator(".kept")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
