"""No text is worked on before its length: a megabyte of anything is refused at once, everywhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from html.parser import HTMLParser
from itertools import islice
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.conftest import issue
from tests.conftest import make_webhook
from tests.support.processor import within
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel
from webhooks_ui.web.roles import OPEN_TO_ALL

MAX_SECONDS = 0.5  # of processor: 0.1 on a quiet machine, minutes where work is quadratic
WORST = {
    "marks": "\u0315\u0300",  # each pair has to be sorted
    "nul": "\0",
    "letters": "a",
    "digits": "9",
    "brackets": "[",
    "objects": '{"a":',
    "fullwidth": "\ufdfa",
    "dots": ".",
    "spaces": " ",
    "at": "@",
    "percent": "%",
}
MEGABYTE = 1_000_000
SMALL = ("/channels", "/settings", "/receiver")
"""Where forms are small, and a large one is refused before it is read."""
HEADERS = (
    *("Accept-Language", "Accept-Encoding", "Authorization", "Cookie", "HX-Current-URL"),
    *("If-None-Match", "Range", "User-Agent", "X-Forwarded-For", "webhook-id"),
)


class Forms(HTMLParser):
    """The forms of a page that are posted: their addresses, and the values of their fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.fields = {}
            if given.get("method", "").lower() == "post":
                self.found.append((given.get("action", ""), self.fields))
        if tag in ("input", "select", "textarea", "button") and "name" in given:
            self.fields[given["name"]] = given.get("value", "")
        if "formaction" in given:
            self.found.append((given["formaction"], self.fields))


def quickly(browser: FlaskClient, method: str, url: str, **more: Any) -> TestResponse:
    answer = within(MAX_SECONDS, partial(browser.open, url, method=method, **more))
    assert answer.status_code < 500 or answer.status_code == 503, (method, url[:80])
    return answer


def filled(unit: str, characters: int) -> str:
    return unit * (characters // len(unit))


@cache
def encoded(unit: str, characters: int) -> str:
    """Made once: it takes longer than any answer."""
    return quote_plus(filled(unit, characters))


def send(
    browser: FlaskClient, url: str, fields: Mapping[str, str], names: Sequence[str], text: str
) -> int:
    """Sends a form in which the named fields hold `text`, which is encoded; the status."""
    others = urlencode({key: value for key, value in fields.items() if key not in names})
    kind = "application/x-www-form-urlencoded"
    data = "&".join([others, *(f"{quote_plus(name)}={text}" for name in names)])
    return quickly(browser, "POST", url, data=data, content_type=kind).status_code


@pytest.fixture
def pages(app: Flask, admin: FlaskClient) -> list[str]:
    """A page with each of the forms."""
    webhook = make_webhook(admin, url="http://127.0.0.1:9/")  # tests of it are sent: refused
    with app.app_context(), transaction():
        channel = Channel(key="4", name="Site")
        db.session.add(channel)
        db.session.flush()
        channel_id = channel.public_id
    receiver = admin.post("/receiver").location
    return [
        *("/webhooks", "/webhooks/new", f"/webhooks/{webhook}", f"/webhooks/{webhook}/edit"),
        *("/channels/new", f"/channels/{channel_id}/edit", "/receiver", receiver),
        *("/settings/account", "/logout", "/deliveries", "/events"),
    ]


def forms_of(browser: FlaskClient, pages: list[str]) -> list[tuple[str, dict[str, str]]]:
    """Addresses and fields of the different forms of the pages, but for those that sign out."""
    forms: dict[tuple[str, str], tuple[str, dict[str, str]]] = {}
    for page in pages:
        for action, fields in Forms(browser.get(page).text).found:
            if not (action or page).endswith(("/logout", "/end")):
                forms[action or page, " ".join(sorted(fields))] = (action or page, dict(fields))
    assert len(forms) > 12
    return [*forms.values()]


@pytest.mark.parametrize("worst", WORST)
def test_every_field_of_every_form(
    app: Flask, admin: FlaskClient, pages: list[str], worst: str
) -> None:
    number = list(WORST).index(worst)
    for url, fields in [("/login", {"login": "", "password": ""}), *forms_of(admin, pages)]:
        # All at once with each text; with one of the texts each field alone, others being right.
        alone = [[name] for place, name in enumerate(fields) if place % len(WORST) == number]
        for names in (list(fields), *alone):
            for characters in (MEGABYTE, 600):
                browser = app.test_client() if url == "/login" else admin
                text = encoded(WORST[worst], characters // len(names))
                status = send(browser, url, fields, names, text)
                if characters == MEGABYTE and url.startswith(SMALL):
                    assert status == 413, url


WEBHOOK = {"name": "", "url": "", "events": [""], "channel": "", "payload_format": ""}
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/events", {"type": "x", "id": "", "channel": "", "occurred_at": "", "data": {}}),
    ("POST", "/events", {"type": "x", "channel": {"key": "", "name": "", "kind": ""}, "data": {}}),
    ("POST", "/channels", {"key": "", "name": "", "kind": ""}),
    ("PATCH", "/channels/ch_1", {"key": "", "name": "", "kind": ""}),
    *(
        (method, path, WEBHOOK | {"authorization": kind})
        for method, path in (("POST", "/webhooks"), ("PATCH", "/webhooks/WEBHOOK"))
        for kind in (
            {"type": "bearer", "token": ""},
            {"type": "basic", "login": "", "password": ""},
            {"type": "custom", "header_name": "", "header_value": ""},
            {"type": ""},
        )
    ),
    ("POST", "/webhooks/WEBHOOK/test", {"type": "", "data": {"a": ""}}),
]  # fmt: skip


def filled_all(value: Any, text: str) -> Any:
    """The body with all its texts replaced."""
    if isinstance(value, dict):
        return {name: filled_all(inner, text) for name, inner in value.items()}
    return [text] if isinstance(value, list) else text


def replaced(value: Any, text: str) -> Iterator[Any]:
    """The body once for each text in it, with that text replaced, and once for a new name."""
    if isinstance(value, dict):
        yield value | {text: ""}
        for name, inner in value.items():
            yield from (value | {name: changed} for changed in replaced(inner, text))
    elif isinstance(value, list):
        yield from ([changed] for changed in replaced(value[0], text))
    else:
        yield text


@pytest.mark.parametrize("worst", WORST)
def test_every_member_of_every_body(app: Flask, admin: FlaskClient, worst: str) -> None:
    webhook = make_webhook(admin, url="http://127.0.0.1:9/")
    headers = {"Authorization": f"Bearer {issue(app, 'admin')}"}
    program = app.test_client(use_cookies=False)
    number = list(WORST).index(worst)
    for method, path, body in BODIES:
        for characters in (MEGABYTE, 80_000, 16_000, 4_000):
            # As with forms: all at once with each text, each alone with one of the texts.
            text = filled(WORST[worst], characters)
            alone = islice(replaced(body, text), number, None, len(WORST))
            for changed in (filled_all(body, filled(WORST[worst], characters // 10)), *alone):
                answer = quickly(
                    program,
                    method,
                    "/api/v1" + path.replace("WEBHOOK", webhook),
                    data=json.dumps(changed, ensure_ascii=False).encode(),
                    headers=headers,
                    content_type="application/json",
                )
                assert answer.status_code >= 400 or "data" in body or method == "PATCH"


@pytest.mark.parametrize("worst", WORST)
def test_every_address_and_header_that_strangers_can_send(app: Flask, worst: str) -> None:
    stranger = app.test_client()
    stranger.get("/login")  # templates are compiled by whoever comes first
    text, longer = (quote(filled(WORST[worst], n), safe="")[:20_000] for n in (300, 8_000))
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in OPEN_TO_ALL:
            continue
        for value in (text, longer):
            path = rule.rule.replace("<path:filename>", value).replace("<token>", value)
            for method in {"GET", "POST"} & (rule.methods or set()):
                quickly(stranger, method, path, query_string=f"next=/{value}&{value}=1")
        for name in HEADERS:
            quickly(stranger, "GET", rule.rule, headers={name: longer, "HX-Request": "true"})


def test_a_long_name_of_a_static_file_is_not_there(client: FlaskClient) -> None:
    for name in ("a" * 300, "a/" * 2_000, "ї" * 200, "😀" * 100, "%ff" * 90, "..%2f" * 50, "%00"):
        assert client.get(f"/static/{name}").status_code in (400, 404)


def test_a_nul_is_refused_in_one_place(admin: FlaskClient, pages: list[str]) -> None:
    for url, fields in forms_of(admin, pages):
        for name in fields:
            answer = admin.post(url, data=fields | {name: "a\0"})
            assert answer.status_code == 400, (url, name)
