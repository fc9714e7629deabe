"""Chatwoot set up in a browser; then all that it sends, over HTTP, in any order and twice."""

import http.client
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from tests.browser.steps import LOGIN, PASSWORD, make_webhook, sign_in, signing_secret, verify
from tests.conftest import empty_database
from tests.sources.chatwoot import BODIES, NAMES, SECRET, body, headers
from tests.sources.test_derivation import MADE, REASONS
from tests.support.apps import DATABASES
from tests.support.browser import Visitor
from tests.support.receiver import Received, Receiver
from tests.support.server import Server
from tests.support.waiting import wait_until
from webhooks_ui import create_app
from webhooks_ui.accounts import users
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.catalogue.event_types import EVENT_TYPES
from webhooks_ui.database.engine import db
from webhooks_ui.models import Delivery
from webhooks_ui.server import process
from webhooks_ui.sources.base import REASONS as WORDS

RAW = ("conversation_status_changed", "conversation_updated_assignee", "message_created_incoming")
CREDENTIAL = b',"pubsub_token":"INVENTED-pubsub-token-000"'
BASIC = Basic("acme", "s3cret-enough-1")
MESSAGES = ["message_created", "message_updated"]
WEBHOOKS: dict[str, dict[str, Any]] = {
    "everything": {
        "events": [*EVENT_TYPES],
        "auth_type": "basic",
        "auth_login": BASIC.login,
        "auth_password": BASIC.password,
    },
    "as-chatwoot": {"events": [*EVENT_TYPES], "payload_format": "raw"},
    "one-channel": {"events": MESSAGES, "channel": "4"},
    "customers": {"events": MESSAGES, "filter_ready": ["incoming", "public"]},
    "resolved": {"events": ["conversation_status_changed"], "filter_ready": ["resolved"]},
}
OTHER = ("message_created_private_note", "message_created_incoming")
"""What another account sends, whose source takes private notes and has another prefix."""


@pytest.fixture(params=DATABASES)
def server(
    request: pytest.FixtureRequest, new_folder: Callable[[], Path], port: int
) -> Iterator[Server]:
    """The program on each database, with an administrator."""
    folder, given = new_folder(), empty_database(request, request.param)
    if given:
        app = create_app({"DATA_DIR": folder, **given})
        with app.app_context():
            assert not users.add_user(LOGIN, PASSWORD)
        process.close(app)
    settings = {"ALLOWED_NETWORKS": "127.0.0.0/8", "LOG_LEVEL": "debug"}
    with Server(folder, port, **settings, **given) as server:
        yield server


def test_a_source_is_set_up_and_everything_comes_out_once(
    browser: Browser, server: Server, receiver: Receiver
) -> None:
    visitor = Visitor(browser, server.url, signed_in=None)
    page = visitor.open("/login")
    sign_in(page)
    source, url = add_source(page, "Acme", SECRET)
    assert post(url, body("message_created_incoming"), "first").json()["deliveries"] == 0
    expect(page.locator("#requests summary")).to_contain_text("message_created")  # by itself
    other = add_another(page)
    secrets = subscribe(page, receiver)

    replay(url)
    for name in OTHER:
        post(other, body(name), name, secret=None)

    wanted = expected()
    got = receiver.wait(wanted.total())
    for each in got:
        is_right(each, secrets)
    assert Counter((hook(each), type_of(each)) for each in got) == wanted
    raw = (BODIES / "raw/message_created_incoming.body").read_bytes()
    assert raw.replace(CREDENTIAL, b"") in [each.body for each in got]
    page.goto(source)
    the_page_tells(page)
    tokens = [each.partition("token=")[2] for each in (url, other)]
    the_token_is_nowhere(page, server, url)
    visitor.leave()
    server.stop()
    what_is_kept(server, wanted.total(), [*tokens, SECRET])


def add_source(page: Page, name: str, secret: str) -> tuple[str, str]:
    """Two gestures: the form, and copying the URL; the page and the URL of the source."""
    page.goto("/sources")
    page.get_by_role("link", name="Add a source").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Secret", exact=True).fill(secret)
    page.get_by_role("button", name="Add source").click()
    url = page.locator("#source-url").inner_text()
    expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
    page.get_by_text("This console has a private address").click()
    expect(page.get_by_text("SAFE_FETCH_ALLOW_PRIVATE_NETWORK=true")).to_be_visible()
    return page.url, url


def add_another(page: Page) -> str:
    page.goto("/sources/new")
    page.get_by_label("Name").fill("Acme Lviv")
    page.get_by_label("Include private notes").check()
    page.locator("main details > summary").click()
    page.get_by_label("Prefix of channel keys").fill("lviv-")
    page.get_by_role("button", name="Add source").click()
    return page.locator("#source-url").inner_text()


def subscribe(page: Page, receiver: Receiver) -> dict[str, str]:
    """The webhooks, each at a path of the receiver; their signing secrets by name."""
    found = {}
    for name, fields in WEBHOOKS.items():
        webhook = make_webhook(page, f"{receiver.url}/{name}", name=name, **fields)
        page.goto(f"/webhooks/{webhook}")
        found[name] = signing_secret(page)
    return found


def replay(url: str) -> None:
    """Every body twice, in random order: a job of Chatwoot's that runs again keeps its UUID."""
    sent = [(name, later) for name in NAMES for later in (0, 60)]
    sent += [(f"raw/{name}", 0) for name in RAW * 2]
    random.Random(13).shuffle(sent)  # noqa: S311
    for name, later in sent:
        if name.startswith("raw/"):
            given = json.loads((BODIES / f"{name}.headers.json").read_text())
            sent_raw = (BODIES / f"{name}.body").read_bytes()
            answer = requests.post(url, sent_raw, headers=given, timeout=60)
        else:
            answer = post(url, body(name), name, at=int(time.time()) + later)
        assert answer.status_code == 202, answer.text
        assert bool(answer.json()["events"]) != bool(answer.json()["reason"])


def post(url: str, sent: bytes, delivery: str, **signed: Any) -> requests.Response:
    return requests.post(url, sent, headers=headers(sent, delivery, **signed), timeout=60)


def expected() -> Counter[tuple[str, str]]:
    """How often each webhook gets each type."""
    types = Counter(kind for name in [*NAMES, *RAW] for kind in MADE.get(name, ()))
    both = types + Counter({"message_created": len(OTHER)})
    wanted: Counter[tuple[str, str]] = Counter()
    for name in ("everything", "as-chatwoot"):
        wanted.update({(name, kind): count for kind, count in both.items()})
    wanted.update({("one-channel", kind): types[kind] for kind in MESSAGES})
    customers = ["message_created_attachment", "message_created_incoming", RAW[-1], OTHER[-1]]
    wanted["customers", "message_created"] = len(customers)
    wanted["resolved", "conversation_status_changed"] = 1
    return wanted


def hook(request: Received) -> str:
    return request.path.rpartition("/")[2]


def type_of(request: Received) -> str:
    data = request.json()
    return str(data["event"] if hook(request) == "as-chatwoot" else data["type"])


def is_right(request: Received, secrets: dict[str, str]) -> None:
    """One request as its webhook has to send it."""
    name, data = hook(request), verify(request, secrets[hook(request)])
    assert (request.method, request.header("Content-Type")) == ("POST", "application/json")
    wanted = f"Basic {BASIC.credentials}" if name == "everything" else None
    assert request.header("Authorization") == wanted
    if name != "as-chatwoot":
        assert data["type"] == data["data"]["event"]
        assert data["channel"]["key"] in ("4", "lviv-4")
        assert data["channel"]["name"] == "Telegram sales"
    assert b"pubsub_token" not in request.body


def the_page_tells(page: Page) -> None:
    """What became of each request, why others became nothing, and whether they were signed."""
    events = {name: json.loads(body(name))["event"] for name in NAMES}
    wanted = {(events[name], ", ".join(MADE[name])) for name in MADE}
    left_out = {name: REASONS.get(name, "other_type") for name in NAMES if name not in MADE}
    why: dict[str, str] = {code: str(words) for code, words in WORDS.items()}
    wanted |= {(events[name], why[reason]) for name, reason in left_out.items()}

    def told() -> set[tuple[str, str]]:
        page.reload()
        found = page.locator("#requests details > summary").evaluate_all(
            "all => all.map(one => ['code', '.state'].map(p => one.querySelector(p).innerText))"
        )
        return {(name, words.strip()) for name, words in found}

    wait_until(lambda: told() == wanted, what="all requests on the page")
    fold = page.locator("#requests details").first
    fold.locator("summary").click()
    expect(fold).to_contain_text("Valid")
    expect(fold).to_contain_text("X-Chatwoot-Delivery")


def the_token_is_nowhere(page: Page, server: Server, url: str) -> None:
    """In no answer, error page, metric, audit log; `what_is_kept` looks into files and log."""
    token, parts = url.partition("token=")[2], urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.putrequest("POST", f"{parts.path}?{parts.query}")
    connection.putheader("Content-Length", "1000000000")
    connection.endheaders()
    refused = connection.getresponse()
    assert refused.status == 413  # by the server, before the app
    seen = [refused.read().decode(), str(refused.headers)]
    connection.close()
    wrong = post(url, body("message_created_incoming"), "wrong", secret="another")
    answers = [wrong, requests.get(url, timeout=60)]
    answers += [
        requests.get(f"{server.url}{path}?token={token}", timeout=60, allow_redirects=False)
        for path in ("/api/v1/sources/nobody", "/metrics")
    ]
    assert [each.status_code for each in answers] == [401, 405, 404, 200]
    assert all(
        each.headers["Referrer-Policy"] in ("no-referrer", "same-origin") for each in answers
    )
    page.goto("/settings/audit")
    expect(page.get_by_role("main")).to_contain_text("Acme Lviv")
    seen += [page.content(), *(each.text + str(each.headers) for each in answers)]
    assert not [text for text in seen if token in text]


def what_is_kept(server: Server, deliveries: int, secrets: list[str]) -> None:
    """Each delivery succeeded; in rows, files and log stands no credential."""
    url = server.environ.get("WEBHOOKS_UI_DATABASE_URL")
    given = {"DATABASE_URL": url} if url else {}
    app = create_app({"DATA_DIR": server.data_dir, **given})
    with app.app_context():
        count = select(Delivery.status, func.count()).group_by(Delivery.status)
        assert db.session.execute(count).all() == [("succeeded", deliveries)]
    rows = "\n".join(all_rows(app))
    process.close(app)
    files = [each for each in server.data_dir.rglob("*") if each.is_file()]
    texts = [rows.encode(), *(each.read_bytes() for each in files)]
    assert len(rows) > 100_000
    for credential in (*secrets, "INVENTED-pubsub-token", "a-live-secret", "pubsub_token"):
        assert not [text for text in texts if credential.encode() in text], credential


def all_rows(app: Flask) -> Iterator[str]:
    with app.app_context(), db.engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            yield from (repr(row) for row in connection.execute(select(table)))
