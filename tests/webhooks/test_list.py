"""The list: search, filters, order, pages, and its states."""

import re
from collections import Counter
from datetime import timedelta
from html import unescape
from itertools import product
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select, text, update

from tests.conftest import make_webhook, piece
from tests.engine.conftest import subscribe
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.explanations.states import ATTENTION, RANKED
from webhooks_ui.models import Channel, Delivery, Event, Webhook, webhook_list, webhook_ranks
from webhooks_ui.models.webhook import BY_NAME
from webhooks_ui.models.webhook_list import SORTS, STATES, WebhookQuery

URL = "https://crm.example/hook"
TITLES = re.compile(r'class="title clip" href="[^"]*"><bdi>([^<]*)<')


def titles(browser: FlaskClient, arguments: str = "") -> list[str]:
    return TITLES.findall(browser.get(f"/webhooks{arguments}").text)


@pytest.fixture
def some(app: Flask, admin: FlaskClient) -> FlaskClient:
    """Four webhooks, one in each state."""
    with app.app_context(), transaction():
        db.session.add(Channel(key="sales", name="Продажі", kind="telegram"))
    ids = {
        "Альфа": subscribe(app, URL, name="Альфа", channel="sales"),
        "Beta": subscribe(app, URL, name="Beta", events=("team_changed",)),
        "Gamma_100%": subscribe(app, URL, name="Gamma_100%"),
        "delta": subscribe(app, "https://crm.example/DELTA", name="delta", enabled=False),
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


def test_what_the_url_asks_for(some: FlaskClient) -> None:
    for arguments, expected in ASKED.items():
        assert titles(some, arguments) == expected, arguments


ASKED = {
    "": ["Beta", "Альфа", "Gamma_100%", "delta"],
    "?q=АЛЬФА": ["Альфа"],
    "?q=example/delta": ["delta"],
    "?q=_100%25": ["Gamma_100%"],
    "?q=%25": ["Gamma_100%"],
    "?event=team_changed": ["Beta"],
    "?channel=sales": ["Альфа"],
    "?channel=*": ["Beta", "Gamma_100%", "delta"],
    "?status=working": ["Альфа"],
    "?status=failing": ["Beta"],
    "?status=attention": ["Beta"],
    "?status=attention&q=beta": ["Beta"],
    "?status=working&q=beta": [],
    "?status=untested": ["Gamma_100%"],
    "?status=disabled": ["delta"],
    "?status=nonsense&page=x&sort=y": ["Beta", "Альфа", "Gamma_100%", "delta"],
    "?sort=-created": ["delta", "Gamma_100%", "Beta", "Альфа"],
    "?sort=-last": ["Beta", "Альфа", "Gamma_100%", "delta"],
    "?page=99": ["Beta", "Альфа", "Gamma_100%", "delta"],
    "?sort=name": ["Beta", "delta", "Gamma_100%", "Альфа"],
    "?q=nothing-like-it": [],
}


def test_a_long_url_is_escaped(admin: FlaskClient) -> None:
    make_webhook(admin, url="https://crm.example/a?b=1&c='")
    page = admin.get("/webhooks").text
    assert ">https://crm.example/a?b=1&amp;c=&#39;<" in page


def test_each_state_is_found_as_it_is_shown(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context(), transaction():
        until = (None, now() - timedelta(hours=1), now() + timedelta(hours=1))
        facts = product((True, False), (None, now()), (None, True, False), (True, False), until)
        for number, (enabled, since, succeeded, degraded, paused) in enumerate(facts):
            name = f"n{number}"
            webhook = Webhook(name=name, url="https://crm.example/", search_text=name)
            webhook.enabled, webhook.failing_since = enabled, since
            webhook.last_succeeded, webhook.signing_secret = succeeded, ""
            webhook.degraded, webhook.paused_until = degraded, paused
            db.session.add(webhook)
    with app.app_context():
        shown = {one.name: one.state for one in db.session.scalars(select(Webhook))}
        assert len(shown) == 72
        monkeypatch.setattr(webhook_list, "PAGE_SIZE", 100)
        everything = WebhookQuery().find()
        assert {one.name: one.state for one in everything.items} == shown
        assert everything.counts == Counter(shown.values())
        assert webhook_ranks.rail_counts().attention == everything.in_states(ATTENTION) > 0
        places = [RANKED.index(one.state) for one in everything.items]
        assert places == sorted(places)
    for state in STATES:
        found = titles(admin, f"?status={state}")
        assert found
        of_these = ATTENTION if state == "attention" else (state,)
        assert set(found) == {name for name, of_it in shown.items() if of_it in of_these}


def test_a_last_delivery_that_is_gone_leaves_the_state(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)
    with app.app_context():
        finish(public_id, "succeeded")
        with transaction():
            db.session.execute(delete(Delivery))
            db.session.execute(update(Webhook).values(created_at=now() - timedelta(days=60)))
    page = admin.get("/webhooks?status=working").text
    assert "Its last delivery is no longer kept" in page
    assert "No events in 24 h" in page
    assert "No events in 24 h" in admin.get(f"/webhooks/{public_id}").text


def test_no_match_offers_to_clear_the_filters(some: FlaskClient) -> None:
    page = some.get("/webhooks?q=nothing-like-it").text

    assert "Clear filters" in page


def test_htmx_gets_the_same_piece_that_the_page_holds(some: FlaskClient) -> None:
    page = some.get("/webhooks?status=working").text
    answer = piece(some, "GET", "/webhooks?status=working&q=&sort=attention")

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


def test_25_to_a_page_and_no_query_for_each(app: Flask, admin: FlaskClient) -> None:
    fill(app, 51)

    with app.app_context():
        engine = db.engine
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    first = titles(admin)
    asked = len(statements)

    assert len(first) == 25
    assert first + titles(admin, "?page=2") + titles(admin, "?page=3") == [
        f"n{i:03}" for i in range(51)
    ]
    assert asked <= 14, "\n".join(statements[:asked])


@pytest.mark.parametrize("sort", SORTS)
def test_pages_follow_each_other_from_either_end(
    app: Flask, admin: FlaskClient, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(app, 11)
    with app.app_context(), transaction():
        db.session.execute(update(Webhook).values(sort_key=b"n"))  # then by their rows
        some = Webhook.name.in_(("n003", "n004", "n008"))
        db.session.execute(update(Webhook).where(some).values(enabled=False))
        other = Webhook.name.in_(("n001", "n005", "n006", "n010"))
        db.session.execute(update(Webhook).where(other).values(last_succeeded=False))
        order = [line.id for line in WebhookQuery(sort=sort).find().items]
        monkeypatch.setattr(webhook_list, "PAGE_SIZE", 2)
        pages = [WebhookQuery(sort=sort, page=number).find().items for number in range(1, 7)]
        ids = [[webhook.id for webhook in page] for page in pages]
    assert [len(page) for page in ids] == [2, 2, 2, 2, 2, 1]
    assert [row for page in ids for row in page] == order


@ON_BOTH_DATABASES
def test_a_webhooks_page_leads_to_its_neighbours_in_the_list(
    app: Flask, admin: FlaskClient
) -> None:
    fill(app, 5)
    fill_alike = update(Webhook).where(Webhook.name.in_(("n001", "n002", "n003")))
    with app.app_context(), transaction():
        db.session.execute(fill_alike.values(sort_key=b"n", last_delivery_id=7))
        db.session.execute(update(Webhook).where(Webhook.name == "n004").values(enabled=False))
    for sort, filters in (*product(SORTS, [""]), ("name", "&status=working"), ("-last", "&q=n00")):
        query = f"sort={sort}{filters}"
        shown = admin.get(f"/webhooks?{query}").text
        listed = re.findall(r'class="title clip" href="([^"]+)"', shown)
        assert len(listed) > 3, query
        for place in {0, 1, len(listed) - 1}:
            page = admin.get(unescape(listed[place])).text
            beside = [re.findall(rf'href="([^"]+)" rel="{rel}"', page) for rel in ("prev", "next")]
            assert beside == [listed[max(place - 1, 0) : place], listed[place + 1 : place + 2]]


def test_a_failing_row_says_for_how_long(app: Flask, some: FlaskClient) -> None:
    with app.app_context(), transaction():
        beta = update(Webhook).where(Webhook.name == "Beta")
        db.session.execute(beta.values(failing_since=now() - timedelta(hours=2)))
    assert "Failing for 2 hours" in some.get("/webhooks").text
    assert "2 години" in some.get("/webhooks", headers={"Accept-Language": "uk"}).text
    with app.app_context(), transaction():
        db.session.execute(beta.values(failing_since=now() - timedelta(hours=5)))
    assert "Failing for 5 hours" in some.get("/webhooks").text
    with app.app_context(), transaction():
        db.session.execute(beta.values(failing_since=None))
    assert "Failing for" not in some.get("/webhooks").text


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


@ON_BOTH_DATABASES
def test_names_stand_in_the_order_of_the_alphabet_and_hosts_among_them(
    app: Flask, admin: FlaskClient
) -> None:
    names = ["CRM", "Гірка", "Ґанок", "Еней", "Єдина", "Ілля", "Їжак", "Йорж"]
    for name in names[::-1]:
        make_webhook(admin, name=name)
    make_webhook(admin, name="", url="https://xn--e1afmkfd.xn--j1amh/hook")  # пример.укр
    make_webhook(admin, name="", url="https://crm.example/hook")
    shown = [*names[:1], "crm.example", *names[1:], "пример.укр"]
    assert titles(admin, "?sort=name") == shown
    assert titles(admin, "?sort=-name") == shown[::-1]


@ON_BOTH_DATABASES
def test_a_name_is_found_however_it_is_typed(app: Flask, admin: FlaskClient) -> None:
    make_webhook(admin, name="Об’єкт\u00a0Йорж")
    for words in ("об'єкт", "обʼєкт", "ОБ’ЄКТ йорж", "и\u0306орж"):
        assert titles(admin, f"?q={quote(words)}") == ["Об’єкт\u00a0Йорж"], words
    assert titles(admin, "?q=обєкт") == []


@ON_BOTH_DATABASES
def test_ten_thousand_names_come_from_the_index(app: Flask) -> None:
    with app.app_context():
        query = select(Webhook.id).where(Webhook.deleted_at.is_(None)).order_by(*BY_NAME).limit(25)
        sql = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
        if db.engine.dialect.name == "sqlite":
            plan = str(db.session.execute(text(f"EXPLAIN QUERY PLAN {sql}")).all())
            assert "TEMP B-TREE" not in plan
        else:
            with transaction():
                db.session.execute(text("SET LOCAL enable_seqscan = off"))
                db.session.execute(text("SET LOCAL enable_sort = off"))
                plan = str(db.session.execute(text(f"EXPLAIN {sql}")).all())
        assert "ix_webhooks_name" in plan


def test_a_filter_that_is_set_stands_as_a_chip_that_removes_it(admin: FlaskClient) -> None:
    make_webhook(admin, name="CRM", events=["team_changed"])
    page = admin.get("/webhooks?q=crm&event=team_changed&sort=name").text
    chips = re.findall(r'<a class="chip" href="([^"]+)">\s*<bdi[^>]*>([^<]+)', page)
    assert chips == [("/webhooks?q=crm&amp;sort=name", "Team changed")]
    assert 'class="chip"' not in admin.get("/webhooks?q=crm").text
