"""The pages of one webhook: tabs, and the history, which tells who changed what without secrets."""

import re
from html import unescape

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_webhook, sign_in, webhook_form

SECRETS = ("first-secret-token-1", "second-secret-token-2")


def words(browser: FlaskClient, path: str) -> str:
    """What one reads on a page."""
    page = unescape(browser.get(path).text.partition("<main")[2])
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_history_tells_who_changed_what_the_newest_first(
    app: Flask, admin: FlaskClient
) -> None:
    own = make_webhook(admin, name="CRM", auth_type="bearer", auth_token=SECRETS[0])
    other = make_webhook(admin, name="Elsewhere")
    iryna = sign_in(app, "iryna", "editor")
    changed = webhook_form(name="CRM 2", auth_type="bearer", auth_token=SECRETS[1])
    assert iryna.post(f"/webhooks/{own}/edit", data=changed).status_code == 303
    admin.post(f"/webhooks/{other}/disable")

    page = words(sign_in(app, "vira", "viewer"), f"/webhooks/{own}/history")
    assert page.index("Webhook changed") < page.index("Webhook created")
    assert re.search(r"Name CRM → now CRM 2", page)
    assert "Authorization secret changed" in page
    assert "iryna" in page
    assert "Webhook disabled" not in page
    assert not any(secret in page for secret in SECRETS)


def test_the_pages_of_a_webhook_lead_to_each_other(admin: FlaskClient) -> None:
    own = make_webhook(admin, name="CRM")
    tabs = {
        "Overview": f"/webhooks/{own}",
        "Deliveries": f"/deliveries?webhook={own}",
        "Settings": f"/webhooks/{own}/edit",
        "Verify signatures": f"/webhooks/{own}/verify",
        "History": f"/webhooks/{own}/history",
    }
    for name, path in tabs.items():
        page = admin.get(path)
        assert page.status_code == 200
        nav = page.text.partition('<nav class="tabs"')[2].partition("</nav>")[0]
        links = re.findall(r'<a href="([^"]+)"( aria-current="page")?>([^<]+)', nav)
        assert {text: address for address, _current, text in links} == tabs
        assert [text for _address, current, text in links if current] == [name]
