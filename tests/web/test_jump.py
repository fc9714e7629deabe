""" "Jump to…" finds pages, webhooks, channels and ids, by role, and works as a plain form."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from ulid import ULID

from tests.api.conftest import caller, issue
from tests.conftest import make_webhook, piece, sign_in
from tests.log.rows import CHANNELS, fill
from tests.support.apps import MakeApp
from webhooks_ui.database.engine import Model, db, transaction
from webhooks_ui.models import Source, SourceRequest, Token, public_ids
from webhooks_ui.models.public_ids import new_id
from webhooks_ui.models.user import ROLES


@pytest.fixture
def console(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def browser(console: Flask) -> FlaskClient:
    return sign_in(console, "olena")


PLACES = {
    public_ids.WEBHOOK: "/webhooks/{}",
    public_ids.CHANNEL: "/channels/{}/edit",
    public_ids.EVENT: "/events/{}",
    public_ids.DELIVERY: "/deliveries/{}",
    public_ids.RECOVERY: "/recoveries/{}",
    public_ids.SOURCE: "/sources/{}",
    public_ids.TOKEN: "/settings/tokens?page=2#{}",
    public_ids.BULK: "/webhooks/bulk/{}",
}
PREFIXES = {text for name, text in vars(public_ids).items() if re.match("[A-Z]+$", name)} - {ULID}
FOR_ADMINISTRATORS = {public_ids.TOKEN}
TOKENS = re.compile('name="csrf_token" value="[^"]*"')  # the second of the clock is in each


def ids(console: Flask) -> dict[str, list[str]]:
    """The ids of each noun, the oldest first, by their prefix: of every model that has them."""
    found: dict[str, list[str]] = {}
    with console.app_context():
        for mapper in Model.registry.mappers:
            if hasattr(mapper.class_, "public_id"):
                own = select(mapper.class_.public_id).order_by(mapper.class_.id)
                for public_id in db.session.scalars(own):
                    found.setdefault(public_id.partition("_")[0], []).append(public_id)
    return found


@pytest.fixture
def in_use(console: Flask, browser: FlaskClient) -> Flask:
    """One of everything, and of the tokens so many that the first stands on the second page."""
    fill(console, 12)
    browser.post("/deliveries/recover", data={"status": "failed", "since": "2020-01-01T00:00"})
    browser.post("/sources/new", data={"name": "Acme"})
    with console.app_context(), transaction():
        for number in range(51):
            Token.issue(f"Platform {number}", "events")
    webhooks = ids(console)[public_ids.WEBHOOK]
    for action in ("disable", "test"):
        browser.post("/webhooks/bulk", data={"ids": webhooks, "action": action})
    return console


@pytest.mark.parametrize("role", ROLES)
def test_every_id_leads_straight_to_its_page_or_is_as_unknown(in_use: Flask, role: str) -> None:
    known, reader = ids(in_use), sign_in(in_use, role, role)
    assert PREFIXES == set(known) == set(PLACES), "a noun without a way, or without a row here"
    for prefix, (public_id, *_others) in known.items():
        if prefix in FOR_ADMINISTRATORS and role != "admin":
            unknown = new_id(prefix)
            said = {
                one: TOKENS.sub("", reader.get("/jump", query_string={"q": one}).text)
                for one in (public_id, unknown)
            }
            assert said[public_id] == said[unknown].replace(unknown, public_id)
            continue
        answer = reader.get("/jump", query_string={"q": f"  {public_id.upper()} "})
        assert answer.status_code == 303
        if not (prefix == public_ids.CHANNEL and role == "viewer"):  # who gets to the list
            assert answer.location == PLACES[prefix].format(public_id)
        page = reader.get(answer.location, follow_redirects=True)
        assert page.status_code == 200
        assert public_id in page.text or role == "viewer"


def test_bulk_changes_and_bulk_tests_have_pages(in_use: Flask, browser: FlaskClient) -> None:
    changed, tested = ids(in_use)[public_ids.BULK]
    assert browser.get(f"/webhooks/bulk/{changed}").location == f"/webhooks?done={changed}"
    assert browser.get(f"/webhooks/bulk/{tested}").status_code == 200


def test_a_senders_own_id_leads_to_its_event(console: Flask, browser: FlaskClient) -> None:
    call = caller(console, issue(console, "events"))
    for own, headers in (
        ("Message-42", {}),
        (f"evt_{'1' * 251}", {}),
        ("", {"Idempotency-Key": "Order 7/8"}),
    ):
        body = {"type": "message_created", "data": {}} | ({"id": own} if own else {})
        event = call("POST", "/events", body, headers=headers).json["id"]
        words = own or headers["Idempotency-Key"]
        answer = browser.get("/jump", query_string={"q": words})
        assert (answer.status_code, answer.location) == (303, f"/events/{event}")


def test_a_senders_id_is_listed_beside_names_that_match(
    console: Flask, browser: FlaskClient
) -> None:
    webhook = make_webhook(browser, name="Billing")
    body = {"type": "message_created", "data": {}, "id": "Billing"}
    event = caller(console, issue(console, "events"))("POST", "/events", body).json["id"]
    text = browser.get("/jump?q=Billing").text
    assert text.index(f'href="/events/{event}"') < text.index(f'href="/webhooks/{webhook}"')


def test_the_id_of_a_sources_request_leads_to_it(console: Flask, browser: FlaskClient) -> None:
    browser.post("/sources/new", data={"name": "Acme"})
    (source,) = ids(console)[public_ids.SOURCE]
    own = "8a1f0f6e-6a52-4a2b-9c0a-0d2f4d3c1b5e"
    with console.app_context(), transaction():
        row = db.session.scalar(select(Source.id))
        empty = {"name": "x", "signature": "valid", "became": [], "size": 0}
        db.session.add(SourceRequest(source_id=row, delivery_id=own, **empty))
    answer = browser.get("/jump", query_string={"q": own})
    assert answer.location.startswith(f"/sources/{source}#request-")
    assert f'id="{answer.location.partition("#")[2]}"' in browser.get(answer.location).text


@pytest.mark.parametrize("prefix", [*sorted(PREFIXES - {public_ids.WEBHOOK}), "nothing"])
def test_an_unknown_id_is_reported(browser: FlaskClient, prefix: str) -> None:
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


def test_htmx_gets_only_the_results(browser: FlaskClient) -> None:
    make_webhook(browser, name="Billing")
    text = piece(browser, "GET", "/jump?q=billing").text
    assert "<html" not in text
    assert "Billing" in text
    assert 'href="/deliveries?q=billing"' in text


def test_no_match_is_reported(browser: FlaskClient) -> None:
    answer = browser.get("/jump", query_string={"q": "нема <такого>"})
    assert answer.status_code == 200
    assert "нема &lt;такого&gt;" in answer.text
    assert "No page, webhook or channel is called that" in answer.text
