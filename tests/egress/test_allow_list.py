"""EGRESS_ALLOW: what alone may be reached, refused when saved and again when sent."""

from collections.abc import Iterable

import pytest
from flask import Flask

from tests.api.conftest import caller, errors, issue
from tests.conftest import make_webhook, sign_in, webhook_form
from tests.support.apps import MakeApp
from webhooks_ui.delivery.http.outcome import OutgoingRequest
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.egress.guard import Blocked, Guard
from webhooks_ui.egress.target_url import parse
from webhooks_ui.explanations import verdicts
from webhooks_ui.settings.addresses import egress_rule
from webhooks_ui.settings.parsers import several

egress_rules = several(egress_rule)

NAMES = {
    "crm.example": ["93.184.216.34"],
    "two.example": ["93.184.216.34", "198.41.0.4"],
    "six.example": ["2606:2800::1"],
    "nat64.example": ["64:ff9b::93.184.216.34"],
}


def is_let_out(rules: str, host: str, port: int = 443) -> bool:
    def resolve(name: str, _port: int) -> Iterable[str]:
        return NAMES.get(name.removesuffix("."), ["198.41.0.4"])

    answer = Guard(resolve=resolve, only=egress_rules(rules)).check(host, port, 1)
    assert isinstance(answer, tuple | Blocked)
    return isinstance(answer, tuple)


@pytest.mark.parametrize(
    ("rules", "host", "port", "expected"),
    [
        ("", "crm.example", 443, True),
        ("crm.example", "crm.example", 443, True),
        ("crm.example", "crm.example.", 443, True),
        ("CRM.example.", "crm.example", 1, True),
        ("crm.example", "other.example", 443, False),
        ("crm.example", "sub.crm.example", 443, False),
        ("*.crm.example", "sub.crm.example", 443, True),
        ("*.crm.example", "a.sub.crm.example", 443, True),
        ("*.crm.example", "crm.example", 443, False),
        ("*.crm.example", "xcrm.example", 443, False),
        ("crm.example:443", "crm.example", 443, True),
        ("crm.example:443", "crm.example", 80, False),
        (":443", "crm.example", 443, True),
        (":443", "crm.example", 8443, False),
        ("93.184.216.0/24", "crm.example", 443, True),
        ("93.184.216.34", "93.184.216.34", 443, True),
        ("93.184.216.0/24", "two.example", 443, False),
        ("93.184.216.0/24 198.41.0.4", "two.example", 443, True),
        ("93.184.216.0/24:8443", "crm.example", 443, False),
        ("93.184.216.0/24", "nat64.example", 443, True),
        ("2606:2800::/32", "six.example", 443, True),
        ("[2606:2800::/32]:443", "six.example", 443, True),
        ("[2606:2800::1]:8443", "six.example", 443, False),
        ("0.0.0.0/0", "six.example", 443, False),
        ("0.0.0.0/0", "10.0.0.1", 443, False),  # private addresses are ALLOWED_NETWORKS' matter
    ],
)
def test_a_rule_lets_out_what_it_names(rules: str, host: str, port: int, expected: bool) -> None:
    assert is_let_out(rules, host, port) is expected


@pytest.mark.parametrize(
    "text",
    ["crm.example:0", "crm.example:99999", "https://crm.example", "a/b", "10.0.0.1/8", ":"],
)
def test_a_rule_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="has"):
        egress_rules(text)


def test_a_name_that_no_rule_can_let_out_is_not_even_looked_up() -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise AssertionError

    guard = Guard(resolve=resolve, only=egress_rules("crm.example,93.184.216.0/24:8443"))
    answer = guard.check("other.example", 443, 1)
    assert isinstance(answer, Blocked)
    assert (answer.kind, answer.address) == ("not_listed", "")


def test_it_is_refused_when_it_is_sent() -> None:
    """What was saved before the setting was there, and what leads elsewhere by now."""
    guard = Guard(resolve=lambda _host, _port: ["198.41.0.4"], only=egress_rules("93.0.0.0/8"))
    outcome = Sender(guard, timeout=1).send(OutgoingRequest("https://crm.example/", (), b"{}"))
    assert (outcome.error, outcome.detail) == ("blocked_address", "not listed")
    assert outcome.address == "198.41.0.4"
    found = verdicts.verdict("failed", outcome.error, None, detail=outcome.detail)
    assert "WEBHOOKS_UI_EGRESS_ALLOW" in found.next_step


@pytest.fixture
def strict(make_app: MakeApp) -> Flask:
    return make_app(EGRESS_ALLOW=egress_rules("crm.example:443"))


def test_it_is_refused_when_it_is_saved(strict: Flask) -> None:
    admin = sign_in(strict, "olena")
    make_webhook(admin)
    for url in ("https://other.example/hook", "https://crm.example:8443/"):
        answer = admin.post("/webhooks/new", data=webhook_form(url=url))
        assert answer.status_code == 422
        assert "WEBHOOKS_UI_EGRESS_ALLOW" in answer.text
    call = caller(strict, issue(strict, "admin"))
    body = {"url": "https://other.example/hook", "events": ["message_created"]}
    refused = errors(call("POST", "/webhooks", body))
    assert "other.example at port 443" in refused["/url"]


def test_a_built_in_receiver_is_no_way_out_and_needs_no_rule() -> None:
    own = "http://127.0.0.1:8000/receiver/abc"
    guard = Guard(only=egress_rules("crm.example"), is_own=lambda url: url == own)
    assert guard.refusal(parse(own), 1) is None
    assert guard.refusal(parse("http://127.0.0.1:8000/receiver/abd"), 1) is not None
