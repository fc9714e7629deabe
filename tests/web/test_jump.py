""" "Jump to…" finds pages, webhooks, channels and ids, by role, and works as a plain form."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.conftest import make_webhook, piece, sign_in
from tests.log.rows import CHANNELS, fill
from tests.support.apps import MakeApp
from webhooks_ui.database.engine import db
from webhooks_ui.models import Channel, Delivery, Event, Webhook
from webhooks_ui.models.public_ids import new_id


@pytest.fixture
def console(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def browser(console: Flask) -> FlaskClient:
    return sign_in(console, "olena")


def ids(console: Flask) -> dict[str, str]:
    """An id of each noun, by its prefix."""
    with console.app_context():
        nouns = (Channel, Delivery, Event, Webhook)
        found = [str(db.session.scalar(select(each.public_id).limit(1))) for each in nouns]
    return {each.partition("_")[0]: each for each in found}


def test_an_id_leads_straight_to_its_page(console: Flask, browser: FlaskClient) -> None:
    fill(console, 3)
    known = ids(console)
    for prefix, page in (
        ("wh", "/webhooks/{}"),
        ("dlv", "/deliveries/{}"),
        ("evt", "/events/{}"),
        ("ch", "/channels/{}/edit"),
    ):
        answer = browser.get("/jump", query_string={"q": f"  {known[prefix].upper()} "})
        assert (answer.status_code, answer.location) == (303, page.format(known[prefix]))
        assert browser.get(answer.location).status_code == 200


@pytest.mark.parametrize("prefix", ["dlv", "evt", "ch", "rcv", "src", "tok", "nothing"])
def test_an_id_that_nothing_has_is_said_to_be_unknown(browser: FlaskClient, prefix: str) -> None:
    answer = browser.get("/jump", query_string={"q": new_id(prefix)})
    assert answer.status_code == 200
    assert "nothing has this id" in answer.text


def test_webhooks_are_found_by_name_and_by_url(browser: FlaskClient) -> None:
    billing = make_webhook(browser, name="Billing", url="https://billing.acme.example/in")
    make_webhook(browser, name="Склад", url="https://sklad.acme.example/in")
    for words in ("billing", "BILL acme"):
        answer = browser.get("/jump", query_string={"q": words})
        assert (answer.status_code, answer.location) == (303, f"/webhooks/{billing}")
    both = browser.get("/jump", query_string={"q": "acme.example"})
    assert both.status_code == 200
    assert "Billing" in both.text
    assert "Склад" in both.text


def test_pages_are_found_in_either_language(browser: FlaskClient) -> None:
    for words in ("Доставки", "deliveries"):
        answer = browser.get("/jump", query_string={"q": words}, headers={"Accept-Language": "uk"})
        assert (answer.status_code, answer.location) == (303, "/deliveries")


def test_only_what_a_role_may_open_is_offered(console: Flask) -> None:
    found = {
        role: piece(sign_in(console, role, role), "GET", "/jump").text
        for role in ("admin", "viewer")
    }
    for page in ("/settings/users", "/settings/tokens", "/webhooks/new"):
        assert f'href="{page}"' in found["admin"]
        assert f'href="{page}"' not in found["viewer"]


def test_a_viewer_gets_to_the_list_of_channels(console: Flask) -> None:
    fill(console, 1)
    key = CHANNELS[0]
    viewer = sign_in(console, "viewer", "viewer")
    answer = viewer.get("/jump", query_string={"q": key})
    assert answer.location == f"/channels?q={key}"


def test_htmx_gets_the_places_alone(browser: FlaskClient) -> None:
    make_webhook(browser, name="Billing")
    text = piece(browser, "GET", "/jump?q=billing").text
    assert "<html" not in text
    assert "Billing" in text
    assert 'href="/deliveries?q=billing"' in text


def test_nothing_found_is_said(browser: FlaskClient) -> None:
    answer = browser.get("/jump", query_string={"q": "нема <такого>"})
    assert answer.status_code == 200
    assert "нема &lt;такого&gt;" in answer.text
    assert "No page, webhook or channel is called that" in answer.text
