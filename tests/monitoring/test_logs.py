"""The log: a line for each request without query strings, as text or as JSON."""

import json
import logging
import traceback
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest
from flask import Flask, Response, abort, after_this_request
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.database.engine import db
from webhooks_ui.monitoring import logs


@pytest.fixture(autouse=True)
def keep_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


Captured = pytest.CaptureFixture[str]


class Reader(Client):
    """Reads each answer to its end, as a server does."""

    def open(self, *arguments: Any, **named: Any) -> Any:
        return super().open(*arguments, buffered=True, **named)


def ends_badly(response: Response) -> Response:
    def close() -> None:
        raise RuntimeError("broken at the end")

    response.call_on_close(close)
    return response


def client() -> Client:
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]

    @app.get("/<path:path>")
    def page(path: str) -> str:
        if path == "missing":
            abort(404)
        if path == "broken":
            raise RuntimeError("broken inside")
        if path == "ends-badly":
            after_this_request(ends_badly)
        return "ok"

    return Reader(logs.RequestLog(app))


def test_a_request_is_one_line_without_its_query(capsys: Captured) -> None:
    logs.set_up("text")
    client().get("/webhooks?token=hunter2", headers={"X-Forwarded-For": "203.0.113.7"})
    (line,) = capsys.readouterr().err.splitlines()
    assert " INFO 203.0.113.7 - GET /webhooks 200 " in line
    assert "hunter2" not in line


def test_json_has_the_facts_by_name(capsys: Captured) -> None:
    logs.set_up("json")
    client().get("/missing?token=hunter2")
    line: dict[str, Any] = json.loads(capsys.readouterr().err)
    assert line["level"] == "info"
    assert line["logger"] == "webhooks_ui.requests"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/missing", 404)
    assert line["ms"] >= 0
    assert line["time"].endswith("+00:00")


def test_a_request_that_ends_badly_is_logged_too(capsys: Captured) -> None:
    logs.set_up("text")
    with pytest.raises(RuntimeError):
        client().get("/ends-badly")
    assert " GET /ends-badly 200 " in capsys.readouterr().err


def test_an_exception_is_in_the_log_of_either_kind(capsys: Captured) -> None:
    logs.set_up("json")
    client().get("/broken")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert any("broken inside" in line.get("exception", "") for line in lines)
    assert lines[-1]["status"] == 500


@pytest.mark.parametrize("path", ["/static/app.css", "/healthz", "/readyz"])
def test_what_comes_all_the_time_is_left_out(capsys: Captured, path: str) -> None:
    logs.set_up("text")
    client().get(path)
    assert capsys.readouterr().err == ""


def test_a_path_cannot_break_the_line(capsys: Captured) -> None:
    logs.set_up("text")
    client().get("/a%0d%0a%1b[31mфальш")
    (line,) = capsys.readouterr().err.splitlines()
    assert "/a\\r\\n\\x1b[31mфальш" in line


@ON_BOTH_DATABASES
def test_no_value_of_a_statement_stands_in_a_traceback(app: Flask) -> None:
    """Payloads and secrets are values of statements."""
    mark = token_hex()
    with app.app_context(), pytest.raises(DBAPIError) as caught:
        db.session.execute(text("INSERT INTO nowhere VALUES (:data)"), {"data": mark})
    told = "".join(traceback.format_exception(caught.value))
    assert "INSERT INTO nowhere" in told
    assert mark not in told
