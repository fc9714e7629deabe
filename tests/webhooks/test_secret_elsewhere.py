"""A stored secret does not go to another server than that it was stored for."""

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import Call, call, errors
from tests.conftest import make_webhook, stored, webhook_form
from tests.webhooks.test_edit import edit
from webhooks_ui.authorization.kinds import KINDS

__all__ = ["call"]  # a fixture

URL = "https://crm.example/hook"
ELSEWHERE = (
    "http://crm.example/hook",
    "https://crm.example:8443/hook",
    "https://other.example/hook",
    "https://93.184.216.34/hook",
)
THE_SAME = (
    URL,
    "https://crm.example/other?x=1",
    "https://crm.example:443/",
    "HTTPS://CRM.example/hook#part",
)
FIELDS: dict[str, dict[str, str]] = {
    "bearer": {"auth_token": "secret-1"},
    "basic": {"auth_login": "user", "auth_password": "secret-1"},
    "custom": {"auth_header_name": "X-Key", "auth_header_value": "secret-1"},
    "oauth2": {
        "auth_oauth2_token_url": "https://crm.example/token",
        "auth_oauth2_client_id": "crm",
        "auth_oauth2_client_secret": "secret-1",
    },
    "hmac": {"auth_hmac_header_name": "X-Sig", "auth_hmac_secret": "secret-1"},
}
SECRETS = {kind: KINDS[kind].secret_name() for kind in FIELDS}
FIELD = {kind: one.form_name for kind in FIELDS for one in KINDS[kind].inputs() if one.is_secret}
ASKED = "Enter this again"


def cases(urls: Sequence[str]) -> pytest.MarkDecorator:
    """Every URL with one kind and every kind with one URL: they know nothing of each other."""
    pairs = [("bearer", url) for url in urls] + [(kind, urls[-1]) for kind in FIELDS]
    return pytest.mark.parametrize(("kind", "url"), dict.fromkeys(pairs), indirect=["kind"])


@pytest.fixture(params=FIELDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def webhook(admin: FlaskClient, kind: str) -> str:
    return make_webhook(admin, url=URL, auth_type=kind, **FIELDS[kind])


def without_secret(kind: str, url: str, **more: Any) -> dict[str, Any]:
    fields = FIELDS[kind] | {FIELD[kind]: ""}
    return webhook_form(url=url, auth_type=kind, **fields, **more)


def test_every_kind_with_a_secret_is_tried() -> None:
    assert {kind for kind, one in KINDS.items() if one.secret_name()} == FIELDS.keys()


@cases(ELSEWHERE)
def test_saving_asks_for_it_anew(
    app: Flask, admin: FlaskClient, webhook: str, kind: str, url: str
) -> None:
    answer = admin.post(f"/webhooks/{webhook}/edit", data=without_secret(kind, url))

    assert answer.status_code == 422
    assert ASKED in answer.text
    assert ">Set<" not in answer.text
    assert stored(app, webhook).url == URL
    typed = {FIELD[kind]: "secret-2"}
    assert edit(admin, webhook, **without_secret(kind, url) | typed) == 303
    changed = stored(app, webhook).authorization(app.extensions["vault"])
    assert changed.secret == "secret-2"


@cases(ELSEWHERE)
def test_a_test_from_the_form_asks_too(
    admin: FlaskClient, webhook: str, kind: str, url: str
) -> None:
    form = without_secret(kind, url, webhook=webhook, event="message_created")
    answer = admin.post("/webhooks/test", data=form)

    assert answer.status_code == 422
    assert ASKED in answer.text
    assert "dlv_" not in admin.get("/deliveries?test=true").text


@cases(ELSEWHERE)
def test_a_change_by_the_api_asks_too(
    app: Flask, call: Call, webhook: str, kind: str, url: str
) -> None:
    prefix = KINDS[kind].form_prefix
    members = {name.removeprefix(prefix): text for name, text in FIELDS[kind].items()}
    rest = {name: text for name, text in members.items() if name != SECRETS[kind]}
    for change in ({}, {"authorization": {"type": kind} | rest}):
        found = errors(call("PATCH", f"/webhooks/{webhook}", {"url": url} | change))
        assert found.keys() == {f"/authorization/{SECRETS[kind]}"}
        assert ASKED in found[f"/authorization/{SECRETS[kind]}"]
    assert stored(app, webhook).url == URL
    whole = {"url": url, "authorization": {"type": kind} | members}
    answer = call("PATCH", f"/webhooks/{webhook}", whole)
    assert answer.status_code == 200 or "/url" in errors(answer)


@cases(THE_SAME)
def test_the_same_server_asks_for_nothing(
    app: Flask, admin: FlaskClient, call: Call, webhook: str, kind: str, url: str
) -> None:
    assert edit(admin, webhook, **without_secret(kind, url)) == 303
    assert call("PATCH", f"/webhooks/{webhook}", {"url": url}).status_code == 200
    kept = stored(app, webhook).authorization(app.extensions["vault"])
    assert kept.secret == "secret-1"


def test_without_a_secret_nothing_is_asked_for(admin: FlaskClient, call: Call) -> None:
    webhook = make_webhook(admin, url=URL)
    assert edit(admin, webhook, url=ELSEWHERE[1]) == 303
    assert call("PATCH", f"/webhooks/{webhook}", {"url": ELSEWHERE[0]}).status_code == 200


def test_another_kind_needs_no_stored_secret(
    app: Flask, admin: FlaskClient, webhook: str, call: Call
) -> None:
    none = {"url": ELSEWHERE[1], "authorization": {"type": "none"}}
    assert call("PATCH", f"/webhooks/{webhook}", none).status_code == 200
    assert stored(app, webhook).auth_secret is None


def test_what_was_typed_for_the_new_address_is_remembered(admin: FlaskClient, webhook: str) -> None:
    """A secret that was accepted in this form is not the stored one."""
    typed = {"auth_type": "bearer", "auth_token": "secret-2", "events": []}
    page = admin.post(f"/webhooks/{webhook}/edit", data=webhook_form(url=ELSEWHERE[1]) | typed).text
    assert ASKED not in page


def test_another_token_url_asks_too(admin: FlaskClient, call: Call) -> None:
    webhook = make_webhook(admin, url=URL, auth_type="oauth2", **FIELDS["oauth2"])
    token_url = "https://other.example/token"
    form = without_secret("oauth2", URL) | {"auth_oauth2_token_url": token_url}
    answer = admin.post(f"/webhooks/{webhook}/edit", data=form)
    assert answer.status_code == 422
    assert ASKED in answer.text
    change = {"type": "oauth2", "token_url": token_url}
    found = errors(call("PATCH", f"/webhooks/{webhook}", {"authorization": change}))
    assert found.keys() == {"/authorization/client_secret"}
