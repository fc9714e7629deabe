"""The sender's `traceparent` goes out with every delivery of the event; an invalid one does not."""

from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import caller, issue
from tests.engine.conftest import ended, subscribe, working
from tests.support.apps import ON_SQLITE
from tests.support.receiver import Receiver
from webhooks_ui.text.trace import traceparent

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
EVENT: dict[str, Any] = {"type": "message_created", "data": {}}


@ON_SQLITE
def test_it_is_passed_on(engine: Flask, receiver: Receiver) -> None:
    subscribe(engine, receiver.url)
    call = caller(engine, issue(engine, "events"))
    plain, spoiled = {"traceparent": TRACE}, {"traceparent": "00-0-0-01"}
    assert call("POST", "/events", EVENT, headers=plain).status_code == 202
    charset = plain | {"Content-Type": "application/json; charset=utf-8; x=y"}
    assert call("POST", "/events", EVENT, headers=charset).status_code == 202  # by the app
    assert call("POST", "/events/batch", {"events": [EVENT]}, headers=plain).status_code == 202
    assert call("POST", "/events", EVENT, headers=spoiled).status_code == 202
    assert call("POST", "/events", EVENT).status_code == 202
    with working(engine):
        ended(engine, 5)
    sent = [request.header("traceparent") for request in receiver.requests()]
    assert sorted(sent, key=str) == sorted([TRACE, TRACE, TRACE, None, None], key=str)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        TRACE.upper(),
        TRACE + "-1",
        TRACE.replace("00-", "ff-"),
        "00-" + "0" * 32 + TRACE[35:],
        TRACE[:36] + "0" * 16 + "-01",
        "x\r\ny: z",
    ],
)
def test_an_invalid_one_is_ignored(header: str | None) -> None:
    assert traceparent(header) is None
    assert traceparent(f" {TRACE} ") == TRACE
