"""The list of channels."""

import re
from collections.abc import Sequence

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.conftest import add
from tests.conftest import make_webhook, piece, sign_in
from tests.support.apps import ON_BOTH_DATABASES, MakeApp
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel
from webhooks_ui.models.channel import ChannelQuery
from webhooks_ui.models.pages import Page, within


def fill(app: Flask, names: Sequence[str]) -> None:
    with app.app_context(), transaction():
        db.session.add_all([Channel(key=f"key-{n}", name=name) for n, name in enumerate(names)])


def test_nothing_yet(admin: FlaskClient) -> None:
    page = admin.get("/channels").text
    assert "No channels yet" in page
    assert page.count('href="/channels/new"') == 1


def test_each_channel_with_its_webhooks(app: Flask, admin: FlaskClient) -> None:
    add(admin, app)
    add(admin, app, key="4", name="Mail", kind="email")
    make_webhook(admin, channel="telegram-sales")
    make_webhook(admin, channel="telegram-sales")
    deleted = make_webhook(admin, channel="4")
    admin.post(f"/webhooks/{deleted}/delete")

    page = admin.get("/channels").text

    assert "2 channels" in page
    assert page.index("<bdi>Mail</bdi></a>") < page.index("<bdi>Telegram sales</bdi></a>")
    assert '<a href="/webhooks?channel=telegram-sales">2 webhooks</a>' in page
    assert "channel=4" not in page
    assert "Not used" in page
    assert "E-mail" in page


@ON_BOTH_DATABASES
def test_names_stand_in_the_order_of_the_alphabet(app: Flask, admin: FlaskClient) -> None:
    names = ["Гірка", "Ґанок", "Еней", "Єдина", "Їжак", "М’ята", "Обрій"]
    for number, name in enumerate(names[::-1]):
        add(admin, app, key=f"k{number}", name=name)
    found = re.findall(r'class="title" href="[^"]*"><bdi>([^<]*)<', admin.get("/channels").text)
    assert found == names
    page = admin.get("/webhooks/new").text  # and in every choice of a channel
    assert [name for _at, name in sorted((page.index(f">{n}<"), n) for n in names)] == names
    assert "М’ята" in admin.get("/channels?q=м'ята").text


def test_names_are_shown_as_text(app: Flask, admin: FlaskClient) -> None:
    add(admin, app, name="<b>&amp;")
    page = admin.get("/channels").text
    assert "&lt;b&gt;&amp;amp;" in page
    assert "<b>&" not in page


def test_a_page_has_fifty_by_name(make_engine: MakeApp) -> None:
    app = make_engine()
    admin = sign_in(app, "olena")
    fill(app, [f"Shop {number:03}" for number in reversed(range(101))])
    for channel in ("key-0", "key-99"):  # the last one and the second
        make_webhook(admin, channel=channel)

    first = admin.get("/channels").text
    assert "101 channels" in first
    assert "1–50 of 101" in first
    assert first.index(">Shop 000<") < first.index(">Shop 049<")
    assert ">Shop 050<" not in first
    assert 'href="/channels?page=2"' in first
    assert '<a href="/webhooks?channel=key-99">1 webhook</a>' in first
    assert "channel=key-0" not in first
    last = admin.get("/channels?page=9").text  # there are three
    assert "101–101 of 101" in last
    assert last.count('<a class="title"') == 1
    assert '<a href="/webhooks?channel=key-0">1 webhook</a>' in last
    assert "101 channels" in admin.get("/channels?page=-1&q=").text


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("підтримка", ["VIBER: ПІДТРИМКА"]),
        ("viber підт", ["VIBER: ПІДТРИМКА"]),
        ("KEY-1", ["Telegram"]),
        ("100%", ["100% off_sale"]),
        ("f_s", ["100% off_sale"]),
        ("  e  ", ["100% off_sale", "Telegram", "VIBER: ПІДТРИМКА"]),
        ("telegram viber", []),
    ],
)
def test_it_is_searched_by_name_and_key(app: Flask, words: str, found: list[str]) -> None:
    fill(app, ["VIBER: ПІДТРИМКА", "Telegram", "100% off_sale"])
    with app.app_context():
        page = ChannelQuery.parse({"q": words}).find()
        assert [channel.name for channel in page.items] == found
        assert page.total == len(found)


def test_a_search_is_kept_from_page_to_page_and_says_when_nothing_fits(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(app, ["Shop 1", "Shop 2", "Mail"])
    assert "Search by name or key" not in admin.get("/channels").text  # three are seen at a glance
    monkeypatch.setattr("webhooks_ui.models.channel.PAGE_SIZE", 1)
    page = admin.get("/channels?q=shop").text
    assert 'href="/channels?q=shop&amp;page=2"' in page
    assert 'value="shop"' in page
    nothing = admin.get("/channels?q=%3Cb%3E").text
    assert "No channel matches" in nothing
    assert 'value="&lt;b&gt;"' in nothing
    assert "No channels yet" not in nothing

    answer = piece(admin, "GET", "/channels?q=mail", headers={"HX-Trigger-Name": "q"})
    assert answer.headers["HX-Replace-Url"] == "/channels?q=mail"
    assert answer.text.lstrip().startswith('<div id="channels">')
    assert ">Mail<" in answer.text


@given(st.integers(-2, 50), st.integers(0, 40), st.integers(1, 9))
def test_pages_are_counted_so_that_every_row_is_on_one(wanted: int, total: int, size: int) -> None:
    rows = range(1, total + 1)
    number = within(wanted, total, size)
    page = Page(rows[(number - 1) * size : number * size], total, number, size)
    assert 1 <= number <= page.pages
    assert wanted not in range(1, page.pages + 1) or number == wanted
    assert list(page.items) == list(range(page.first, page.last + 1) if total else ())


def test_only_for_those_signed_in(client: FlaskClient) -> None:
    assert client.get("/channels").status_code == 303
