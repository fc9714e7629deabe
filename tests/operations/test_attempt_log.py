"""Attempts in the log: failures always, successes when asked for, never a secret."""

import json
import logging

import pytest
from flask import Flask

from tests.engine.conftest import ended, send, subscribe, working
from tests.support.apps import ON_SQLITE
from tests.support.receiver import Answer, Receiver
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.monitoring.logs import JsonFormatter

LOGGER = "webhooks_ui.attempts"


@ON_SQLITE
@pytest.mark.parametrize(("level", "told"), [("INFO", ["410"]), ("DEBUG", ["200", "410"])])
def test_a_line_for_each_attempt(
    engine: Flask, receiver: Receiver, caplog: pytest.LogCaptureFixture, level: str, told: list[str]
) -> None:
    caplog.set_level(level, LOGGER)
    webhook = subscribe(engine, f"{receiver.url}?key=hunter2", authorization=Bearer("s3cret-token"))
    receiver.answer(Answer(200), Answer(410, body=b"s3cret-token"))
    with working(engine):
        for number in range(2):
            (accepted,) = send(engine)
            ended(engine, number + 1)
    records = [record for record in caplog.records if record.name == LOGGER]
    lines = [json.loads(JsonFormatter().format(record)) for record in records]
    assert [str(line["status_code"]) for line in lines] == told
    last, text = lines[-1], records[-1].getMessage()
    assert (last["webhook"], last["event"]) == (webhook, accepted.event_id)
    assert (last["level"], last["status"], last["disabled"]) == ("warning", "failed", "gone")
    assert text.startswith(f"{last['delivery']} of {accepted.event_id} to {webhook}: attempt 1 ")
    assert text.endswith("given up, webhook disabled: gone")
    assert not any(secret in caplog.text for secret in ("hunter2", "s3cret-token"))
    assert records[-1].levelno == logging.WARNING
