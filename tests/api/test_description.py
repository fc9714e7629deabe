"""The API's description and its page."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from tests.api import promises
from tests.api.conftest import Call
from webhooks_ui.api import examples
from webhooks_ui.web.security import POLICY

FIRST = Path(__file__).parent / "description_2026_11_26.json"


def test_the_description_names_every_address(app: Flask, call: Call) -> None:
    described = call("GET", "/openapi.json").json

    assert described["openapi"] == "3.1.0"
    served = {
        (method, re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and "{" not in rule.rule
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {
        (method.upper(), path) for path, methods in described["paths"].items() for method in methods
    }
    assert served - told == {("GET", "/openapi.json"), ("GET", "/docs")}
    assert told <= served


def test_what_the_first_description_promised_is_promised_still(call: Call) -> None:
    """The description of 2026-11-26, without its words."""
    first = json.loads(FIRST.read_text("utf-8"))
    today = call("GET", "/openapi.json").json

    assert promises.of(first) - promises.of(today) == set()
    required = {
        f"{name} {member}"
        for name in promises.asked_for(today) & first["components"]["schemas"].keys()
        for member in set(today["components"]["schemas"][name].get("required", ()))
        - set(first["components"]["schemas"][name].get("required", ()))
    }
    assert required == set(), "requests that were whole lack something now"


def test_no_answer_describes_a_secret(call: Call) -> None:
    schemas = call("GET", "/openapi.json").json["components"]["schemas"]

    told = {name: schema["properties"] for name, schema in schemas.items() if "Shape" in name}
    assert told
    secrets = {"token", "password", "header_value", "signing_secret"}
    assert [name for name, members in told.items() if secrets & members.keys()] == []


def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere(app: Flask) -> None:
    browser = app.test_client()
    described = browser.get("/api/v1/openapi.json").json

    page = browser.get("/api/v1/docs")

    assert page.status_code == 200
    assert described
    for path, methods in described["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page.text
    assert page.headers["Content-Security-Policy"] == POLICY
    loaded = re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]*)"', page.text)
    assert loaded
    assert all(address.startswith(("/static/", "#")) for address in loaded)
    assert " style=" not in page.text
    assert " onclick=" not in page.text


def test_the_python_examples_are_python_and_the_curl_ones_name_the_address(app: Flask) -> None:
    page = unescape(app.test_client().get("/api/v1/docs").text)

    programs = re.findall(r"import os\n\nimport requests\n.*?(?=</pre>)", page, re.DOTALL)
    assert len(programs) == page.count("curl -X")
    for program in programs:
        compile(program, "example", "exec")
    assert "curl -X POST http://localhost/api/v1/events \\" in page


@pytest.mark.parametrize("name", ["events_take", "events_take_batch", "webhooks_make"])
def test_the_examples_bodies_are_accepted(call: Call, name: str) -> None:
    paths = {
        "events_take": "/events",
        "events_take_batch": "/events/batch",
        "webhooks_make": "/webhooks",
    }

    answer = call("POST", paths[name], examples.BODIES[name])

    assert answer.status_code in (201, 202), answer.text
