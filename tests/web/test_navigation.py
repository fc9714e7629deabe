"""The rail: the console's pages in three groups, each for those who may open it."""

from html.parser import HTMLParser

import pytest
from flask import Flask
from sqlalchemy import update

from tests.conftest import make_webhook, sign_in
from tests.support.apps import MakeApp
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Webhook
from webhooks_ui.models.user import ROLES

FOR_ALL = [
    "Webhooks",
    "Deliveries",
    "Events",
    "Sources",
    "Catalogue",
    "Test receiver",
    "API",
    "Channels",
]
FOR_ADMINISTRATORS = ["API tokens", "People", "Settings"]


class Links(HTMLParser):
    """The links of the navigation named `name`: their texts and ``aria-current``."""

    def __init__(self, page: str, name: str) -> None:
        super().__init__()
        self._name, self._inside, self._in_link = name, False, False
        self.found: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "nav":
            self._inside = given.get("aria-label") == self._name
        elif tag == "a" and self._inside:
            self._in_link = True
            self.found.append(("", given.get("aria-current") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "nav":
            self._inside = False
        elif tag == "a":
            self._in_link = False

    def handle_data(self, data: str) -> None:
        if self._in_link:
            text, current = self.found[-1]
            self.found[-1] = (text + data.strip(), current)


@pytest.fixture
def console(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.mark.parametrize("role", ROLES)
def test_it_lists_what_a_role_may_open(console: Flask, role: str) -> None:
    page = sign_in(console, role, role).get("/webhooks").text
    labels = [text for text, _current in Links(page, "Main").found]
    wanted = FOR_ALL + (FOR_ADMINISTRATORS if role == "admin" else [])
    assert [each for each in labels if each != "Audit log"] == wanted


def test_it_counts_what_needs_attention_and_the_channels(console: Flask) -> None:
    browser = sign_in(console, "olena")
    make_webhook(browser, name="Failing")
    browser.post("/channels/new", data={"key": "9", "name": "Nine", "kind": "api"})
    with console.app_context(), transaction():
        db.session.execute(update(Webhook).values(last_succeeded=False))
    found = {text for text, _current in Links(browser.get("/help").text, "Main").found}
    assert {"Webhooks11 webhook needs attention", "Channels1"} <= found


@pytest.mark.parametrize(
    ("path", "label", "current"),
    [
        ("/webhooks", "Webhooks", "page"),
        ("/webhooks/new", "Webhooks", "true"),
        ("/deliveries", "Deliveries", "page"),
        ("/deliveries/recover?status=failed", "Deliveries", "true"),
        ("/api/v1/docs", "API", "page"),
        ("/settings/users", "People", "page"),
        ("/settings/about", "Settings", "page"),
    ],
)
def test_it_shows_where_one_is(console: Flask, path: str, label: str, current: str) -> None:
    page = sign_in(console, "olena").get(path).text
    assert [each for each in Links(page, "Main").found if each[1]] == [(label, current)]


def test_a_phone_has_the_most_used_pages_in_a_bar(console: Flask) -> None:
    page = sign_in(console, "olena").get("/events").text
    bar = Links(page, "Sections").found
    assert bar == [("Webhooks", ""), ("Deliveries", ""), ("Events", "page"), ("Receiver", "")]
    assert 'popovertarget="more"' in page


def test_strangers_see_none_of_it(console: Flask) -> None:
    page = console.test_client().get("/setup").text
    assert Links(page, "Main").found == []
    assert 'name="language"' in page
