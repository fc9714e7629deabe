"""Roles: each page offers what its reader may do, and nothing that is refused."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_webhook, piece, sign_in
from tests.log.rows import fill
from tests.support.apps import MakeApp
from webhooks_ui.models.user import ROLES

pytestmark = pytest.mark.long

WITHOUT_USER = {"static", "auth.login", "auth.setup", "preferences.language", "receiver.arrive"}
WITHOUT_USER |= {"preferences.theme", "second_factor.ask"}
WITHOUT_USER |= {"monitoring.alive", "monitoring.ready", "monitoring.show_metrics"}
WITHOUT_USER |= {"account_link.use", "account_link.ask", "openid.begin", "openid.back"}
OWN_ACCOUNT = {"auth.ask_to_log_out", "auth.logout", "account.show"}
OWN_ACCOUNT |= {"second_factor.show", "second_factor.remove"}
OWN_ACCOUNT |= {"verify.check"}  # what is pasted is kept nowhere
OWN_ACCOUNT |= {
    "account.end_session",
    "account.end_sessions",
    "account.choose_timezone",
    "account.set_email",
    "preferences.shortcuts",
}
ONLY_FORMS = {"webhooks.new", "webhooks.edit", "channels.new", "channels.edit"}
ONLY_FORMS |= {"sources.new", "sources.edit"}
NOT_LINKED = {"webhooks.home", "auth.ask_to_log_out", "deliveries.fresh", "deliveries.webhooks"}
NOT_LINKED |= {"events.fresh"}
RECOVERIES = {"recoveries.of_webhook", "recoveries.of_filter", "recoveries.show"}
NOT_LINKED |= {"webhooks.bulk_progress", "webhooks.hours", "events.data", "catalogue.sample"}
FOR_ADMINISTRATORS = {"tokens", "people", "audit", "about", "configuration"}


class Offers(HTMLParser):
    """What a page offers: links and requests of htmx, buttons of forms, as (method, URL)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._form = ("get", "")
        self.found: dict[tuple[str, str], None] = {}  # in the order of the page
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = (given.get("method", "get"), given.get("action", ""))
        for name, method in (("href", "get"), ("hx-get", "get"), ("hx-post", "post")):
            if given.get(name) and tag not in ("link", "use", "select", "input"):
                self.found[method, given[name]] = None
        if tag == "button" and given.get("type") != "button":
            self.found[self._form[0], given.get("formaction", self._form[1])] = None


@pytest.fixture
def console(make_app: MakeApp) -> Flask:
    """In use, with CSRF: a button pressed without its token shows who may, and changes nothing."""
    app = make_app(WTF_CSRF_ENABLED=False)
    owner = sign_in(app, "owner")
    make_webhook(owner, name="Works")
    off = make_webhook(owner, name="Off", channel="")
    owner.post(f"/webhooks/{off}/disable")
    owner.post("/receiver")
    owner.post("/sources/new", data={"name": "Acme"})
    owner.post("/settings/tokens/new", data={"name": "Platform", "scope": "events"})
    owner.post("/settings/users/new", data={"role": "viewer"})
    fill(app, 12)
    owner.post("/deliveries/recover", data={"status": "failed", "since": "2020-01-01T00:00"})
    app.config["WTF_CSRF_ENABLED"] = True
    return app


def paths_of(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Method, path and endpoint of every route of the console."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            continue
        path = re.sub(r"<any\((\w+).*?>", r"\1", rule.rule)
        path = path.replace("<row:id>", "0")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, re.sub("<.*?>", "none", path), rule.endpoint


def test_every_route(console: Flask) -> None:
    browsers = {role: sign_in(console, role, role) for role in ROLES}
    for role, (method, path, endpoint) in product(ROLES, [*paths_of(console)]):
        if endpoint in WITHOUT_USER:
            continue
        writes = method == "POST" or endpoint in ONLY_FORMS
        refused = role == "viewer" and writes and endpoint not in OWN_ACCOUNT
        if endpoint.partition(".")[0] in FOR_ADMINISTRATORS:
            refused = role != "admin"
        status = browsers[role].open(path, method=method, buffered=True).status_code
        assert (status == 403) is refused, f"{method} {path} as {role}: {status}"


def test_every_link_and_button_of_every_page(console: Flask) -> None:
    everything = {endpoint for method, _path, endpoint in paths_of(console) if method == "GET"}
    for role in ROLES:
        reached = walk(console, sign_in(console, role, role))
        hidden = ONLY_FORMS | RECOVERIES if role == "viewer" else set()
        if role != "admin":
            hidden |= {each for each in everything if each.partition(".")[0] in FOR_ADMINISTRATORS}
        assert everything - WITHOUT_USER - hidden - NOT_LINKED <= reached, role


def walk(app: Flask, browser: FlaskClient) -> set[str]:
    """Follows every link and presses every button without a token; the endpoints reached.

    Two with the same names in their query, six that lead to the same endpoint.
    """
    urls = app.url_map.bind("localhost")
    waiting, reached = deque([("get", "/webhooks")]), set[str]()
    seen: set[tuple[tuple[str, str, frozenset[str]], str]] = set()
    kinds = Counter[tuple[str, str] | tuple[str, str, frozenset[str]]]()
    while waiting:
        method, url = waiting.popleft()
        parts = urlsplit(url)
        endpoint, _arguments = urls.match(parts.path, method=method.upper())
        kind = (method, endpoint, frozenset(parse_qs(parts.query)))
        is_enough = kinds[kind] == 2 or kinds[method, endpoint] == 6
        if (kind, parts.path) in seen or is_enough or endpoint == "static":
            continue
        seen.add((kind, parts.path))
        kinds.update([kind, (method, endpoint)])
        reached.add(endpoint)
        answer = browser.open(url, method=method.upper(), buffered=True)
        said = f"{method} {url}: {answer.status_code}"
        assert answer.status_code not in (403, 404, 405, 500), said
        if method == "get" and answer.mimetype == "text/html":
            assert answer.status_code < 400, said
            for way, offered in Offers(answer.text).found:
                target = urljoin(url, offered)
                if not urlsplit(target).netloc:
                    waiting.append((way, target.partition("#")[0]))
    return reached


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "You have view-only access."),
        ("uk", "У вас доступ лише для перегляду."),
    ],
)
def test_a_refused_request_says_why(app: Flask, language: str, words: str) -> None:
    viewer = sign_in(app, "viewer", "viewer")
    headers = {"Accept-Language": language}
    for answer in (
        viewer.get("/webhooks/new", headers=headers),
        viewer.post("/receiver", headers=headers),
    ):
        assert answer.status_code == 403
        assert words in answer.text


def test_an_editor_is_told_that_a_page_is_for_administrators(app: Flask) -> None:
    editor = sign_in(app, "editor", "editor")
    for answer in (editor.get("/settings/tokens"), editor.post("/settings/users/new")):
        assert answer.status_code == 403
        assert "This page is for administrators." in answer.text


def test_htmx_says_why_it_was_refused(app: Flask) -> None:
    viewer = sign_in(app, "viewer", "viewer")
    page = viewer.get("/webhooks").text
    assert 'data-say-forbidden="You have view-only access' in page
    assert piece(viewer, "POST", "/webhooks/none/enable").status_code == 403
