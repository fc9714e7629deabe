"""The list: search, filters, order, pages, and its states."""

import re
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select

from tests.conftest import make_webhook, piece
from webhooks_ui.database import db, now, transaction
from webhooks_ui.models import Channel, Delivery, Event, Webhook
from webhooks_ui.models.webhook_list import STATES, WebhookQuery

TITLES = re.compile(r'class="title" href="[^"]*">([^<]*)<')


def titles(browser: FlaskClient, arguments: str = "") -> list[str]:
    return TITLES.findall(browser.get(f"/webhooks{arguments}").text)


@pytest.fixture
def some(app: Flask, admin: FlaskClient) -> FlaskClient:
    """Four webhooks, one in each state."""
    with app.app_context(), transaction():
        db.session.add(Channel(key="sales", name="Продажі", kind="telegram"))
    ids = {
        "Альфа": make_webhook(admin, name="Альфа", channel="sales"),
        "Beta": make_webhook(admin, name="Beta", events=["team_changed"]),
        "Gamma_100%": make_webhook(admin, name="Gamma_100%"),
        "delta": make_webhook(admin, name="delta", url="https://crm.example/DELTA", enabled=""),
    }
    with app.app_context():
        finish(ids["Альфа"], "succeeded")
        finish(ids["Beta"], "failed")
    return admin


def finish(public_id: str, status: str) -> None:
    """Gives a webhook a last delivery."""
    with transaction():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        delivery = Delivery(
            event=Event(type="message_created", data=b"{}"),
            webhook_id=webhook.id,
            type="message_created",
            status=status,
            finished_at=now(),
        )
        db.session.add(delivery)
        db.session.flush()
        webhook.last_delivery_id, webhook.last_succeeded = delivery.id, status == "succeeded"


def test_empty(admin: FlaskClient) -> None:
    page = admin.get("/webhooks").text

    assert "/webhooks/new" in page
    assert "<table" not in page


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", ["Beta", "delta", "Gamma_100%", "Альфа"]),
        ("?q=АЛЬФА", ["Альфа"]),
        ("?q=example/delta", ["delta"]),
        ("?q=_100%25", ["Gamma_100%"]),
        ("?q=%25", ["Gamma_100%"]),
        ("?event=team_changed", ["Beta"]),
        ("?channel=sales", ["Альфа"]),
        ("?channel=*", ["Beta", "delta", "Gamma_100%"]),
        ("?status=working", ["Альфа"]),
        ("?status=failing", ["Beta"]),
        ("?status=untested", ["Gamma_100%"]),
        ("?status=disabled", ["delta"]),
        ("?status=nonsense&page=x&sort=y", ["Beta", "delta", "Gamma_100%", "Альфа"]),
        ("?sort=-created", ["delta", "Gamma_100%", "Beta", "Альфа"]),
        ("?sort=-last", ["Beta", "Альфа", "Gamma_100%", "delta"]),
        ("?page=99", ["Beta", "delta", "Gamma_100%", "Альфа"]),
        ("?q=nothing-like-it", []),
    ],
)
def test_what_the_url_asks_for(some: FlaskClient, arguments: str, expected: list[str]) -> None:
    assert titles(some, arguments) == expected


def test_a_long_url_may_break_at_its_slashes_and_is_escaped(admin: FlaskClient) -> None:
    make_webhook(admin, url="https://crm.example/a?b=1&c='")
    page = admin.get("/webhooks").text
    assert ">https:/<wbr>/<wbr>crm.example/<wbr>a?b=1&amp;c=&#39;<" in page


def test_each_state_is_found_as_it_is_shown(app: Flask, admin: FlaskClient) -> None:
    with app.app_context(), transaction():
        facts = product((True, False), (None, now()), (None, True, False))
        for number, (enabled, since, succeeded) in enumerate(facts):
            name = f"n{number}"
            webhook = Webhook(name=name, url="https://crm.example/", search_text=name)
            webhook.enabled, webhook.failing_since = enabled, since
            webhook.last_succeeded, webhook.signing_secret = succeeded, ""
            db.session.add(webhook)
    with app.app_context():
        shown = {one.name: one.state for one in db.session.scalars(select(Webhook))}
        assert len(shown) == 12
        assert {one.name: one.state for one in WebhookQuery().find().items} == shown
    for state in STATES:
        found = titles(admin, f"?status={state}")
        assert found
        assert set(found) == {name for name, of_it in shown.items() if of_it == state}


def test_a_last_delivery_that_is_gone_leaves_the_state(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)
    with app.app_context():
        finish(public_id, "succeeded")
        with transaction():
            db.session.execute(delete(Delivery))
    page = admin.get("/webhooks?status=working").text
    assert "Its last delivery is no longer kept" in page
    assert "Working" in admin.get(f"/webhooks/{public_id}").text


def test_no_match_offers_to_clear_the_filters(some: FlaskClient) -> None:
    page = some.get("/webhooks?q=nothing-like-it").text

    assert "Clear filters" in page


def test_htmx_gets_the_same_piece_that_the_page_holds(some: FlaskClient) -> None:
    page = some.get("/webhooks?status=working").text
    answer = piece(some, "GET", "/webhooks?status=working&q=&sort=name")

    rows = re.search(r"<tbody.*?</tbody>", answer.text, re.DOTALL)
    assert rows
    assert rows[0] in page
    assert "<html" not in answer.text
    assert answer.headers["HX-Push-Url"] == "/webhooks?status=working"
    assert "HX-Request" in answer.headers["Vary"]


def test_typing_replaces_the_address_instead_of_adding_to_the_history(some: FlaskClient) -> None:
    answer = piece(some, "GET", "/webhooks?q=beta", headers={"HX-Trigger-Name": "q"})

    assert answer.headers["HX-Replace-Url"] == "/webhooks?q=beta"
    assert "HX-Push-Url" not in answer.headers


def test_back_gets_the_whole_page(some: FlaskClient) -> None:
    answer = piece(some, "GET", "/webhooks?q=beta", headers={"HX-History-Restore-Request": "true"})

    assert "<html" in answer.text


def test_fifty_to_a_page_and_no_query_for_each(app: Flask, admin: FlaskClient) -> None:
    fill(app, 101)

    with app.app_context():
        engine = db.engine
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    first = titles(admin)
    asked = len(statements)

    assert len(first) == 50
    assert first + titles(admin, "?page=2") + titles(admin, "?page=3") == [
        f"n{i:03}" for i in range(101)
    ]
    assert asked <= 15, "\n".join(statements[:asked])


def fill(app: Flask, count: int) -> None:
    """Many webhooks, put in directly, each with a last delivery."""
    vault = app.extensions["vault"]
    with app.app_context(), transaction():
        for number in range(count):
            webhook = Webhook(
                public_id=f"wh_{number}",
                name=f"n{number:03}",
                url="https://crm.example/",
                search_text=f"n{number:03}",
            )
            webhook.sign_with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", vault)
            delivery = Delivery(
                event=Event(type="message_created", data=b"{}"),
                type="message_created",
                status="succeeded",
            )
            db.session.add_all([webhook, delivery])
            db.session.flush()
            webhook.last_delivery_id, webhook.last_succeeded = delivery.id, True
