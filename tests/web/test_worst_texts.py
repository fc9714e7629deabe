"""No text is worked on before its length: a megabyte of anything is refused at once, everywhere."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import unescape
from html.parser import HTMLParser
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.accounts.test_forgotten import can_mail
from tests.api.conftest import issue
from tests.conftest import make_webhook, sign_in
from tests.log.rows import fill
from tests.support.processor import within
from webhooks_ui.web import body_limits
from webhooks_ui.web.roles import OPEN_TO_ALL

pytestmark = pytest.mark.long

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


def encoded(unit: str, characters: int) -> str:
    return quote_plus(unit) * (characters // len(unit))


def send(
    browser: FlaskClient, url: str, fields: Mapping[str, str], names: Sequence[str], text: str
) -> int:
    """Sends a form in which the named fields hold `text`, which is encoded; the status."""
    others = urlencode({key: value for key, value in fields.items() if key not in names})
    kind = "application/x-www-form-urlencoded"
    data = "&".join([others, *(f"{quote_plus(name)}={text}" for name in names)])
    return quickly(browser, "POST", url, data=data, content_type=kind).status_code


@dataclass
class Form:
    """What a route takes: a path of it, and the fields that pages send there."""

    path: str
    fields: dict[str, str]
    most: int  # bytes of a body


def forms_of(app: Flask, pages: Mapping[str, str]) -> dict[str, Form]:
    """The forms that stand on these pages, by the endpoints that take them."""
    urls, found = app.url_map.bind("localhost"), dict[str, Form]()
    for page, text in pages.items():
        for action, fields in Forms(text).found:
            path = urlsplit(action).path or page
            if action or urls.test(path, "POST"):
                form = Form(path, {}, body_limits.of_path(app, path) or 0)
                found.setdefault(urls.match(path, "POST")[0], form).fields.update(fields)
    return found


@pytest.fixture
def every_form(app: Flask, admin: FlaskClient) -> dict[str, Form]:
    """Every form of the console, by its endpoint; routes without one get fields of any name."""
    app.config.update(can_mail(9))
    fill(app, 3)
    admin.post(f"/webhooks/{make_webhook(admin)}/delete")
    admin.post("/receiver")
    admin.post("/sources/new", data={"name": "Acme"})
    admin.post("/settings/tokens/new", data={"name": "Platform", "scope": "events"})
    admin.post("/settings/users/new", data={"role": "viewer"})
    sign_in(app, "vira", "viewer")
    pages = crawled(app, admin)
    found = forms_of(app, pages)
    for rule in app.url_map.iter_rules():
        is_ours = rule.endpoint not in found and not rule.endpoint.startswith("api.")
        if is_ours and "POST" in (rule.methods or ()):
            path, fields = a_path(rule, pages), dict.fromkeys(("order", "next", "code"), "")
            found[rule.endpoint] = Form(path, fields, body_limits.of_path(app, path) or 0)
    return found


def crawled(app: Flask, browser: FlaskClient) -> dict[str, str]:
    """The pages that links lead to, two of each kind, by their paths."""
    urls = app.url_map.bind("localhost")
    waiting = ["/webhooks", "/logout", "/invitation", "/forgotten", "/webhooks/deleted"]
    pages = dict[str, str]()
    kinds = Counter[str]()
    while waiting:
        path = urlsplit(waiting.pop(0)).path
        endpoint, _arguments = urls.match(path)
        if path in pages or kinds[endpoint] == 2 or endpoint == "static":
            continue
        kinds[endpoint] += 1
        answer = browser.get(path, buffered=True)
        pages[path] = answer.text if answer.mimetype == "text/html" else ""
        links = re.findall(r'href="(/[^"]*)"', pages[path])
        waiting += [unescape(link) for link in links if not link.startswith("//")]
    return pages


def a_path(rule: Rule, pages: Mapping[str, str]) -> str:
    """A path of this rule, with the id of a page below the same beginning, where there is one."""
    path = rule.rule
    while "<" in path:
        before, _, rest = path.partition("<")
        known = (page.removeprefix(before) for page in pages if page.startswith(before))
        named = (one.partition("/")[0] for one in known)
        first = next((one for one in named if one not in ("", "new", "deleted")), "1")
        path = before + first + rest.partition(">")[2]
    return path


# Their bodies may hold an event's data, or a form with one that is kept over the sign-in.
WITH_AN_EVENT = {"webhooks.new", "webhooks.edit", "webhooks.test", "webhooks.test_unsaved"}
WITH_AN_EVENT |= {"webhooks.try_filters", "webhooks.preview_template", "verify.check", "auth.login"}
ALSO_LARGE = {"second_factor.ask", "receiver.arrive"}
# Files have texts of their own that are the worst: tests/web/test_configuration.py.
ALSO_LARGE |= {"configuration.review", "configuration.apply"}
DERIVES_A_KEY = {"configuration.export"}  # scrypt, which is to take its time
ENDS_THE_WALK = {"auth.logout", "people.sign_out", "people.remove", "people.set_role"}


def test_every_field_of_forms_with_an_event(app: Flask, admin: FlaskClient) -> None:
    """All fields at once with each text; each alone, others being right, with one text in turn.

    Where the form is that of a new webhook, three of the texts in turn: its rules are the same.
    """
    webhook = f"/webhooks/{make_webhook(admin, url='http://127.0.0.1:9/')}"  # tests are refused
    paths = ("/webhooks/new", webhook, f"{webhook}/edit", f"{webhook}/verify")
    pages = {path: admin.get(path).text for path in paths}
    stranger = app.test_client()
    forms = forms_of(app, pages | {"/login": stranger.get("/login").text})
    assert forms.keys() >= WITH_AN_EVENT
    kinds, alone = cycle(WORST.values()), set[str]()
    for endpoint in sorted(WITH_AN_EVENT):
        form, browser = forms[endpoint], stranger if endpoint == "auth.login" else admin
        is_alike = endpoint.startswith("webhooks.") and endpoint != "webhooks.new"
        for unit in islice(kinds, 3) if is_alike else WORST.values():
            text = encoded(unit, MEGABYTE // len(form.fields))
            send(browser, form.path, form.fields, [*form.fields], text)
        for name in form.fields.keys() - alone:  # many are of several forms, under the same rules
            for unit, characters in zip(islice(kinds, 2), (MEGABYTE, 600), strict=True):
                send(browser, form.path, form.fields, [name], encoded(unit, characters))
        alone |= form.fields.keys()


def test_every_field_of_every_other_form(admin: FlaskClient, every_form: dict[str, Form]) -> None:
    """As long as its body may be, one of the worst in turn; what is longer is refused unread.

    A NUL is refused before a view looks at any field, so that one of each form stands for all.
    """
    for endpoint in every_form.keys() - ENDS_THE_WALK - {"receiver.arrive"}:
        form = every_form[endpoint]
        for name in [*form.fields][-1:]:
            answer = admin.post(form.path, data=form.fields | {name: "a\0"})
            assert answer.status_code == 400, (endpoint, name)
    kinds = cycle(WORST.values())
    usual = body_limits.MANY_FIELDS
    large = {endpoint for endpoint, form in every_form.items() if form.most > usual}
    assert large == WITH_AN_EVENT | ALSO_LARGE
    for endpoint in sorted(every_form.keys() - large - ENDS_THE_WALK - DERIVES_A_KEY):
        form = every_form[endpoint]
        room = form.most - len(urlencode(form.fields)) - 200
        for name, worst in zip(form.fields or {"csrf_token": ""}, kinds, strict=False):
            text = encoded(worst, room * len(worst) // len(quote_plus(worst)))
            assert send(admin, form.path, form.fields, [name], text) != 413, endpoint
        assert send(admin, form.path, {}, ["csrf_token"], encoded("a", MEGABYTE)) == 413, endpoint


WEBHOOK = {"url": "", "events": [""]}
CONDITION = {"path": "", "operator": "equals", "value": ""}
MORE = {
    "name": "",
    "channel": "",
    "payload_format": "",
    "paused_until": "",
    "filters": {"match": "", "conditions": [CONDITION]},
    "tls": {"ca": "", "certificate": "", "key": ""},
}
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/events", {"type": "x", "id": "", "channel": "", "occurred_at": "", "data": {}}),
    ("POST", "/events", {"type": "x", "channel": {"key": "", "name": "", "kind": ""}, "data": {}}),
    ("POST", "/channels", {"key": "", "name": "", "kind": ""}),
    ("PATCH", "/channels/ch_1", {"key": "", "name": "", "kind": ""}),
    *(
        (method, path, WEBHOOK | more)
        for method, path in (("POST", "/webhooks"), ("PATCH", "/webhooks/WEBHOOK"))
        for more in (
            MORE,
            {"authorization": {"type": "bearer", "token": ""}},
            {"authorization": {"type": "basic", "login": "", "password": ""}},
            {"authorization": {"type": "custom", "header_name": "", "header_value": ""}},
            {"authorization": {"type": ""}},
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


def test_every_member_of_every_body(app: Flask, admin: FlaskClient) -> None:
    """As with forms: all at once with each text, three where it changes; each alone with one."""
    webhook = make_webhook(admin, url="http://127.0.0.1:9/")
    headers = {"Authorization": f"Bearer {issue(app, 'admin')}"}
    program = app.test_client(use_cookies=False)
    kinds = cycle(WORST.values())
    for method, path, body in BODIES:
        url = "/api/v1" + path.replace("WEBHOOK", webhook)
        units = islice(kinds, 3) if method == "PATCH" else WORST.values()
        changed = [filled_all(body, filled(unit, MEGABYTE // 10)) for unit in units]
        for characters in (MEGABYTE, 4_000):
            changed += replaced(body, filled(next(kinds), characters))
        for each in changed:
            data = json.dumps(each, ensure_ascii=False).encode()
            more = {"headers": headers, "content_type": "application/json"}
            answer = quickly(program, method, url, data=data, **more)
            assert answer.status_code >= 400 or "data" in body or method == "PATCH"


def test_every_address_and_header_that_strangers_can_send(app: Flask) -> None:
    """Each text where a path is read, and at the sign-in; elsewhere two of them in turn."""
    stranger = app.test_client()
    stranger.get("/login")  # templates are compiled by whoever comes first
    kinds = cycle(WORST.values())
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint in OPEN_TO_ALL]
    for rule in rules:
        is_read = "<" in rule.rule or rule.endpoint == "auth.login"
        for unit in WORST.values() if is_read else islice(kinds, 2):
            text, longer = (encoded(unit, n).replace("+", "%20")[:20_000] for n in (300, 8_000))
            headers = dict.fromkeys(HEADERS, longer) | {"HX-Request": "true"}
            for value in (text, longer):
                path = rule.rule.replace("<path:filename>", value).replace("<token>", value)
                for method in {"GET", "POST"} & (rule.methods or set()):
                    quickly(stranger, method, path, query_string=f"next=/{value}&{value}=1")
            quickly(stranger, "GET", rule.rule, headers=headers)


def test_a_long_name_of_a_static_file_is_not_there(client: FlaskClient) -> None:
    for name in ("a" * 300, "a/" * 2_000, "ї" * 200, "😀" * 100, "%ff" * 90, "..%2f" * 50, "%00"):
        assert client.get(f"/static/{name}").status_code in (400, 404)
