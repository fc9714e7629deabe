"""Verdicts: every way a delivery can end has its own words, and they say what to do."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from webhooks_ui.delivery import http
from webhooks_ui.delivery.http.connection import UNVERIFIED, VIA_PROXY
from webhooks_ui.explanations import verdicts
from webhooks_ui.explanations.verdicts import Verdict, headline, verdict

CODES = [
    *("blocked_address", "dns_failure", "connection_refused", "connection_reset"),
    *("connection_timeout", "unreachable", "tls_failure", "timeout", "protocol_error"),
    "redirected",
]
STATUSES = (400, 401, 404, 405, 408, 410, 413, 415, 418, 429, 500, 503, 599, 600)
PARTS: dict[str, Any] = {"host": "crm.example", "address": "203.0.113.7", "timeout": 15.0}


def failed(error: str, status_code: int | None = None, **parts: Any) -> Verdict:
    return verdict("failed", error, status_code, **{**PARTS, **parts})


def text(found: Verdict) -> str:
    return f"{found.title} {found.meaning} {found.next_step}"


def test_every_code_and_class_has_words_of_its_own() -> None:
    found = [failed(code, 302 if code == "redirected" else None) for code in CODES]
    found += [failed("http_status", status) for status in STATUSES]
    assert len({each.meaning for each in found}) == len(found)
    for each in found:
        assert each.tone == "bad"
        for part in (each.title, each.meaning, each.next_step):
            assert part.endswith(".")
            assert "%(" not in part
            assert part[0].isupper() or part.startswith("crm.example")
        assert not re.search(r"\b(please|invalid|oops|error occurred)\b", text(each), re.IGNORECASE)


def test_a_refused_content_type_is_not_said_to_be_json() -> None:
    """A template makes XML, a form, a text."""
    assert "json" not in text(failed("http_status", 415)).lower()


@pytest.mark.parametrize("status_code", [200, 201, 204, 299])
def test_success_is_good_and_asks_nothing(status_code: int) -> None:
    found = verdict("succeeded", None, status_code)
    assert found == Verdict(
        "good", "The receiver accepted the event.", f"It answered {status_code}.", ""
    )


@pytest.mark.parametrize("language", ["en", "uk"])
def test_a_list_says_what_the_verdict_begins_with(app: Flask, language: str) -> None:
    details = ("", "certificate has expired", "unexpected error: x", "own", "temporary")
    with app.test_request_context(), force_locale(language):
        for status in ("pending", "delivering", "succeeded", "failed", "cancelled"):
            for error in (None, *CODES, "http_status"):
                for code in (None, 200, 302, *STATUSES):
                    for location in (None, "https://elsewhere.example/"):
                        for detail in details:
                            short = headline(status, error, code, location, detail)
                            whole = verdict(
                                status, error, code, location=location, detail=detail, **PARTS
                            )
                            assert short == (whole.tone, whole.title)


def test_an_address_of_this_server_is_not_called_private() -> None:
    found = failed("blocked_address", detail="own")
    assert "crm.example (203.0.113.7) is this server itself" in found.meaning
    assert "WEBHOOKS_UI_ALLOWED_NETWORKS" in found.next_step


@pytest.mark.parametrize("detail", ["temporary", "timeout", "failed"])
def test_a_name_server_that_fails_is_not_a_name_that_is_not_there(detail: str) -> None:
    assert failed("dns_failure", detail=detail).title == "The host name could not be looked up."
    assert failed("dns_failure", detail="not found").title == "The host name was not found."
    assert headline("failed", "dns_failure", None, None, detail).title.startswith("The host name c")


def test_a_blocked_address_names_the_setting_and_the_address() -> None:
    found = failed("blocked_address", address="10.0.0.8")
    assert "WEBHOOKS_UI_ALLOWED_NETWORKS" in found.next_step
    assert "10.0.0.8" in found.next_step
    assert "crm.example (10.0.0.8) is not a public address" in found.meaning


@pytest.mark.parametrize(
    ("host", "address", "place"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1 is"),
        ("127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080 is"),
        ("[::1]:8080", "::1", "[::1]:8080 is"),
        ("[::1]", "::1", "[::1] is"),
        ("crm.example:81", "10.0.0.8", "crm.example:81 (10.0.0.8) is"),
        (None, "10.0.0.8", "10.0.0.8 is"),
        ("crm.example", None, "crm.example is"),
    ],
)
def test_the_address_stands_beside_the_host_where_it_says_more(
    host: str | None, address: str | None, place: str
) -> None:
    assert failed("blocked_address", host=host, address=address).meaning.startswith(place)


@pytest.mark.parametrize("status_code", [401, 403])
def test_a_refused_authorization_says_to_check_it(status_code: int) -> None:
    found = failed("http_status", status_code)
    assert found.title == "The receiver refused the authorization."
    assert "Check the webhook's authorization" in found.next_step


@pytest.mark.parametrize("error", ["redirected", "http_status"])
def test_a_redirect_names_its_target(error: str) -> None:
    found = failed(error, 307, location="https://crm.example/new")
    assert "307" in found.meaning
    assert "https://crm.example/new" in found.meaning
    assert "without saying where to" in failed(error, 307).meaning


@pytest.mark.parametrize(
    ("detail", "title"),
    [
        ("certificate has expired", "The receiver's certificate has expired."),
        ("certificate is not yet valid", "The receiver's certificate is not valid yet."),
        (
            "Hostname mismatch, certificate is not valid for 'crm.example'.",
            "The certificate belongs to another host.",
        ),
        (
            "IP address mismatch, certificate is not valid for '203.0.113.7'.",
            "The certificate belongs to another host.",
        ),
        ("self-signed certificate", "The receiver's certificate is self-signed."),
        (
            "unable to get local issuer certificate",
            "The receiver's certificate is not trusted.",
        ),
        ("wrong version number", "The receiver does not speak https here."),
        ("unsupported protocol", "The receiver's TLS is too old."),
        ("the handshake timed out", "The secure connection was not made in time."),
        ("bad record mac", "No secure connection could be made."),
    ],
)
def test_a_tls_failure_says_which(detail: str, title: str) -> None:
    assert failed("tls_failure", detail=detail).title == title


def test_an_unknown_tls_failure_gives_its_reason() -> None:
    assert failed("tls_failure", detail="bad record mac").meaning.endswith(": bad record mac.")
    assert "the reason is not known" in failed("tls_failure").meaning


def test_a_time_out_tells_its_seconds() -> None:
    assert "within 15 s" in failed("timeout").meaning
    assert "within 0.5 s" in failed("timeout", timeout=0.5).meaning


def test_what_others_wrote_stays_on_one_line_and_short() -> None:
    found = failed("redirected", 302, location="https://x/\r\n\x1b[31m\u202e" + "a" * 5_000)
    assert found.meaning.isprintable()
    assert len(found.meaning) < 500
    assert "100%(x)s" in failed("redirected", 302, location="/100%(x)s").meaning


def test_the_other_states_have_their_tones() -> None:
    assert verdict("delivering", None, None).tone == "wait"
    assert verdict("pending", None, None).title == "Waiting to be sent."
    assert verdict("cancelled", None, None).tone == "off"
    assert verdict("cancelled", "timeout", None).tone == "off"
    assert verdict("failed", None, None).tone == "bad"
    assert verdicts.interrupted(test=True).tone == "bad"


def test_a_failed_attempt_that_will_be_repeated_says_so() -> None:
    found = verdict("pending", "http_status", 503, **PARTS)
    assert found.tone == "wait"
    assert found.title == "The receiver is not available."
    assert found.meaning.endswith("It will be retried automatically.")


def test_an_unknown_code_is_explained_by_its_detail() -> None:
    assert "kraken" in failed("something_new", detail="kraken").meaning


def test_every_note_of_the_sender_has_words() -> None:
    """All that the room of HTTP writes down, as its source says."""
    source = "".join(path.read_text() for path in Path(http.__path__[0]).glob("*.py"))
    codes = {UNVERIFIED, VIA_PROXY, *re.findall(r'add_note\("([a-z_]+)"\)', source)}
    assert len(codes) >= 10
    for code in codes:
        assert str(verdicts.note_text(code)).endswith("."), code
        assert f"({code})" not in str(verdicts.note_text(code))


def test_an_unknown_note_is_shown_by_its_code() -> None:
    assert "(strange)" in str(verdicts.note_text("strange"))


def test_words_are_chosen_when_they_are_shown() -> None:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context(), force_locale("en"):
        assert failed("timeout").title == "The receiver took too long."
