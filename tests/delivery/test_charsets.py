"""Answers in other charsets than UTF-8: kept as they came, shown as they were meant."""

from datetime import UTC, datetime

import pytest

from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.authorization.custom import Custom
from webhooks_ui.delivery.attempt_record import attempt_of
from webhooks_ui.delivery.http.outcome import Outcome, OutgoingRequest
from webhooks_ui.delivery.request import Endpoint
from webhooks_ui.models import Attempt

SAID = "Ключ прийнято: "


def recorded(body: bytes, media_type: str, endpoint: Endpoint) -> Attempt:
    """The attempt as it is stored."""
    outcome = Outcome(
        request_headers=(),
        status_code=400,
        reason="",
        error="http_status",
        detail="",
        address="127.0.0.1",
        duration_ms=1,
        timings_ms={},
        tls=None,
        headers=(("Content-Type", media_type),),
        body=body,
        truncated=False,
        size=len(body),
        notes=(),
        location=None,
        retry_after=None,
        http_version="1.1",
    )
    request = OutgoingRequest(endpoint.url, (), b"{}")
    record = attempt_of(outcome, request, endpoint, datetime.now(UTC), 1.0)
    return Attempt(response_headers=record.response_headers, response_bytes=record.response_body)


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-u", "utf-16", "utf-8", "gb18030"])
def test_an_answer_is_read_in_the_charset_that_it_names(charset: str) -> None:
    endpoint = Endpoint("https://crm.example/", Bearer("none-of-it-here"), "raw", ())
    body = f"{SAID}12".encode(charset)
    attempt = recorded(body, f"text/plain; charset={charset}", endpoint)
    assert attempt.response_bytes == body
    assert attempt.response_body == f"{SAID}12"


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-u", "iso-8859-5", "utf-16be", "gb18030"])
def test_a_secret_echoed_in_another_charset_is_masked(charset: str) -> None:
    """Its bytes are no secret in UTF-8, and one when they are shown."""
    endpoint = Endpoint("https://crm.example/", Custom("X-Key", "дуже-таємний-ключ"), "raw", ())
    body = f"{SAID}дуже-таємний-ключ!".encode(charset)
    attempt = recorded(body, f"text/plain; charset={charset}", endpoint)
    assert attempt.response_body.startswith(SAID)
    assert attempt.response_body.endswith("!")
    assert "таємний" not in attempt.response_body


def test_json_in_another_charset_is_indented() -> None:
    endpoint = Endpoint("https://crm.example/", Bearer("none-of-it-here"), "raw", ())
    body = '{"помилка":1.10}'.encode("cp1251")
    attempt = recorded(body, "application/json; charset=windows-1251", endpoint)
    assert attempt.pretty_body == '{\n  "помилка": 1.10\n}'
