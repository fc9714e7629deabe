"""Managing webhooks by the API."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import Call, errors
from tests.conftest import make_webhook, sign_in, stored
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.authorization.base import Authorization
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.authorization.custom import Custom
from webhooks_ui.authorization.hmac import Hmac
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.database.types import now

HOOK = {"url": "https://crm.example/hook", "events": ["message_created"]}
SECRET = "kept-to-ourselves-1"
KINDS: list[tuple[dict[str, str], Authorization, dict[str, object]]] = [
    ({"type": "none"}, NoAuthorization(), {"type": "none"}),
    (
        {"type": "bearer", "token": f" Bearer {SECRET} "},
        Bearer(SECRET),
        {"type": "bearer", "token_set": True},
    ),
    (
        {"type": "basic", "login": "новий", "password": SECRET},
        Basic("новий", SECRET),
        {"type": "basic", "login": "новий", "password_set": True},
    ),
    (
        {"type": "custom", "header_name": "X-Api-Key", "header_value": SECRET},
        Custom("X-Api-Key", SECRET),
        {"type": "custom", "header_name": "X-Api-Key", "header_value_set": True},
    ),
    (
        {"type": "hmac", "header_name": "X-Hub-Signature-256", "secret": SECRET},
        Hmac("X-Hub-Signature-256", SECRET, "sha256", "hex", "sha256=", ""),
        {
            "type": "hmac",
            "header_name": "X-Hub-Signature-256",
            "secret_set": True,
            "algorithm": "sha256",
            "encoding": "hex",
            "prefix": "sha256=",
            "timestamp_header": "",
        },
    ),
]


def kept(app: Flask, public_id: str) -> Authorization:
    """The authorization in the database."""
    return stored(app, public_id).authorization(app.extensions["vault"])


@ON_BOTH_DATABASES
def test_a_webhook_is_made_with_the_contracts_shape(call: Call, channel: str) -> None:
    wanted = HOOK | {
        "name": "CRM",
        "channel": channel,
        "payload_format": "raw",
        "enabled": False,
        "events": ["team_changed", "message_created"],
    }

    made = call("POST", "/webhooks", wanted)

    assert made.status_code == 201
    body = made.json
    assert body.pop("signing_secret").startswith("whsec_")
    path = made.headers["Location"].removeprefix("/api/v1")
    assert path == f"/webhooks/{body['id']}"
    assert call("GET", path).json == body
    assert body.items() >= (wanted | {"events": ["message_created", "team_changed"]}).items()
    assert body.keys() - wanted.keys() == {
        "id",
        "authorization",
        "disabled_reason",
        "tls",
        "template",
        "method",
        "headers",
        "filters",
        "created_at",
        "updated_at",
        "deleted_at",
        "limited_until",
        "paused_until",
        "state",
        "health",
    }
    assert body["disabled_reason"] == "manual"
    assert body["state"] == body["health"]["state"] == "disabled"


@ON_BOTH_DATABASES
def test_a_webhook_is_paused_until_a_time_and_resumed(call: Call) -> None:
    path = f"/webhooks/{call('POST', '/webhooks', HOOK).json['id']}"
    assert call("GET", path).json["paused_until"] is None
    until = (now() + timedelta(hours=1)).isoformat()

    paused = call("PATCH", path, {"paused_until": until}).json
    assert (paused["state"], paused["enabled"]) == ("paused", True)
    assert datetime.fromisoformat(paused["paused_until"]) == datetime.fromisoformat(until)
    assert call("PATCH", path, {"name": "Other"}).json["paused_until"] == paused["paused_until"]
    assert call("PATCH", path, {"paused_until": None}).json["state"] == "untested"
    assert call("POST", "/webhooks", HOOK | {"paused_until": until}).json["state"] == "paused"


@pytest.mark.parametrize("until", ["tomorrow", "2026-11-28T08:00", "2001-01-01T00:00:00Z", ""])
def test_a_pause_needs_a_time_to_come(call: Call, until: str) -> None:
    answer = call("POST", "/webhooks", HOOK | {"paused_until": until})
    assert answer.status_code == 422
    assert [*errors(answer)] == ["/paused_until"]


@pytest.mark.parametrize(("given", "expected", "shown"), KINDS)
def test_secrets_go_in_and_never_come_out(
    app: Flask,
    call: Call,
    given: dict[str, str],
    expected: Authorization,
    shown: dict[str, object],
) -> None:
    made = call("POST", "/webhooks", HOOK | {"authorization": given})
    public_id = made.json["id"]

    assert kept(app, public_id) == expected
    assert made.json["authorization"] == shown
    answers = [
        made,
        call("GET", f"/webhooks/{public_id}"),
        call("GET", "/webhooks"),
        call("PATCH", f"/webhooks/{public_id}", {"name": "New"}),
    ]
    coded = base64.b64encode(SECRET.encode()).decode()[:12]
    assert not any(SECRET in answer.text or coded in answer.text for answer in answers)
    assert kept(app, public_id) == expected
    assert not any("signing_secret" in answer.text for answer in answers[1:])


WRONG: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"url": ""}, {"/url": "Enter the address"}),
    ({"url": "ftp://crm.example/"}, {"/url": "begin with https:// or http://"}),
    ({"url": "https://2130706433/"}, {"/url": "looks like a number"}),
    ({"url": "https://crm.example/" + "a" * 2100}, {"/url": "2,048"}),
    ({"url": "https://inside.example/"}, {"/url": "WEBHOOKS_UI_ALLOWED_NETWORKS"}),
    ({"events": []}, {"/events": "Choose at least one event."}),
    ({"events": ["deleted_everything"]}, {"/events": "Choose among the events in the list."}),
    ({"events": "message_created"}, {"/events": "list"}),
    ({"events": [1]}, {"/events/0": "text"}),
    ({"channel": "gone"}, {"/channel": "no longer exists"}),
    ({"channel": "a\x01"}, {"/channel": "no longer exists"}),
    ({"payload_format": "xml"}, {"/payload_format": "Choose one of the formats in the list."}),
    ({"name": "a" * 201}, {"/name": "Shorten the name to 200"}),
    ({"name": "a\x01b"}, {"/name": "control characters"}),
    ({"enabled": "yes"}, {"/enabled": "true or false"}),
    ({"created_at": "now"}, {"/created_at": "Leave it out"}),
    (
        {"authorization": {"type": "digest"}},
        {"/authorization": "Choose one of the kinds in the list."},
    ),
    ({"authorization": {}}, {"/authorization": "type"}),
    ({"authorization": "none"}, {"/authorization": "what the description at"}),
    ({"authorization": {"type": "bearer"}}, {"/authorization/token": "Enter the token"}),
    (
        {"authorization": {"type": "basic", "login": "a:b"}},
        {"/authorization/login": "colon"},
    ),
    (
        {"authorization": {"type": "basic"}},
        {"/authorization/login": "Enter a login, a password or both."},
    ),
    (
        {"authorization": {"type": "custom", "header_name": "Host", "header_value": "x\n"}},
        {"/authorization/header_name": "Host"},
    ),
    (
        {"authorization": {"type": "none", "token": "x"}},
        {"/authorization/token": "Leave it out"},
    ),
]


@pytest.mark.parametrize(("changes", "expected"), WRONG)
def test_what_the_form_refuses_is_refused_with_its_words(
    call: Call, changes: dict[str, Any], expected: dict[str, str]
) -> None:
    made = call("POST", "/webhooks", HOOK | changes)
    assert made.status_code == 422
    found = errors(made)
    assert found.keys() == expected.keys()
    assert all(words in found[place] for place, words in expected.items())
    assert call("GET", "/webhooks").json == {"webhooks": [], "next": None}

    public_id = call("POST", "/webhooks", HOOK).json["id"]
    changed = call("PATCH", f"/webhooks/{public_id}", changes)
    assert (changed.status_code, errors(changed)) == (422, found)


def test_missing_members_are_asked_for_in_the_forms_words(call: Call) -> None:
    found = errors(call("POST", "/webhooks", {}))

    assert found == {
        "/url": "Enter the address that the request goes to.",
        "/events": "Choose at least one event.",
    }


def test_a_login_in_the_address_becomes_basic(app: Flask, call: Call) -> None:
    made = call("POST", "/webhooks", HOOK | {"url": "https://user:pa%20ss@crm.example/hook"})

    assert made.json["url"] == "https://crm.example/hook"
    assert kept(app, made.json["id"]) == Basic("user", "pa ss")


@ON_BOTH_DATABASES
def test_a_change_leaves_the_rest(app: Flask, call: Call, channel: str) -> None:
    wanted = HOOK | {"name": "CRM", "channel": channel, "authorization": KINDS[2][0]}
    made = call("POST", "/webhooks", wanted).json
    path = f"/webhooks/{made['id']}"

    changed = call("PATCH", path, {"enabled": False, "channel": None}).json

    expected = made | {"enabled": False, "channel": None, "disabled_reason": "manual"}
    for told_anew in ("signing_secret", "updated_at", "health", "state"):
        expected.pop(told_anew)
        changed.pop(told_anew, None)
    assert changed == expected
    assert kept(app, made["id"]) == Basic("новий", SECRET)


def test_an_authorization_is_changed_without_saying_the_secret_again(
    app: Flask, call: Call
) -> None:
    made = call("POST", "/webhooks", HOOK | {"authorization": KINDS[2][0]}).json
    path = f"/webhooks/{made['id']}"

    call("PATCH", path, {"authorization": {"type": "basic", "login": "other"}})
    assert kept(app, made["id"]) == Basic("other", SECRET)

    login_alone = {"type": "basic", "login": "an-api-key", "password": ""}
    told = call("PATCH", path, {"authorization": login_alone}).json["authorization"]
    assert told == {"type": "basic", "login": "an-api-key", "password_set": False}
    assert kept(app, made["id"]) == Basic("an-api-key", "")
    call("PATCH", path, {"authorization": {"type": "basic", "login": "", "password": SECRET}})
    assert kept(app, made["id"]) == Basic("", SECRET)
    call("PATCH", path, {"authorization": {"type": "basic", "login": "other"}})

    refused = call("PATCH", path, {"authorization": {"type": "bearer"}})
    assert errors(refused).keys() == {"/authorization/token"}
    assert kept(app, made["id"]) == Basic("other", SECRET)

    call("PATCH", path, {"authorization": {"type": "none"}})
    assert kept(app, made["id"]) == NoAuthorization()


@ON_BOTH_DATABASES
def test_a_deleted_webhook_is_gone(app: Flask, call: Call) -> None:
    public_id = make_webhook(sign_in(app, "olena"))
    path = f"/webhooks/{public_id}"

    gone = call("DELETE", path)

    assert (gone.status_code, gone.data) == (204, b"")
    assert call("GET", "/webhooks").json["webhooks"] == []
    again = [("GET", ""), ("DELETE", ""), ("PATCH", ""), ("POST", "/rotate-secret")]
    answers = [call(method, path + rest, {}) for method, rest in again]
    assert {answer.status_code for answer in answers} == {404}


@ON_BOTH_DATABASES
def test_a_deleted_webhook_is_restored_with_its_secrets(app: Flask, call: Call) -> None:
    bearer = {"type": "bearer", "token": "a-token-that-comes-back"}
    made = call("POST", "/webhooks", {**HOOK, "authorization": bearer}).json
    path = f"/webhooks/{made['id']}"
    assert call("DELETE", path).status_code == 204
    assert call("GET", "/webhooks").json["webhooks"] == []
    (gone,) = call("GET", "/webhooks?deleted=true").json["webhooks"]
    assert gone["id"] == made["id"]
    assert gone["deleted_at"]

    back = call("POST", f"{path}/restore")
    assert back.status_code == 200
    assert back.json["deleted_at"] is None
    assert kept(app, made["id"]).secret == "a-token-that-comes-back"
    assert call("POST", f"{path}/restore").json == back.json  # once more changes nothing
    assert call("POST", "/webhooks/wh_none/restore").status_code == 404
    assert call("GET", "/webhooks?deleted=maybe").status_code == 422


@ON_BOTH_DATABASES
def test_a_new_signing_secret_is_told_once(app: Flask, call: Call) -> None:
    made = call("POST", "/webhooks", HOOK).json

    answer = call("POST", f"/webhooks/{made['id']}/rotate-secret")

    assert answer.status_code == 200
    assert answer.json["signing_secret"] != made["signing_secret"]
    with app.app_context():
        webhook, vault = stored(app, made["id"]), app.extensions["vault"]
        secrets = webhook.signing_secrets(vault, webhook.created_at)
        assert secrets == (answer.json["signing_secret"], made["signing_secret"])


@ON_BOTH_DATABASES
def test_changes_at_once_are_made_one_after_the_other(app: Flask, call: Call) -> None:
    path = f"/webhooks/{call('POST', '/webhooks', HOOK).json['id']}"

    def rotate(_: int) -> int:
        return int(call("POST", f"{path}/rotate-secret").status_code)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(rotate, range(18))) == [200] * 18
        assert set(pool.map(lambda _: call("DELETE", path).status_code, range(6))) <= {204, 404}


@ON_BOTH_DATABASES
def test_the_list_comes_in_pages(call: Call) -> None:
    made = [call("POST", "/webhooks", HOOK).json["id"] for _ in range(3)]

    first = call("GET", "/webhooks?limit=2").json
    second = call("GET", f"/webhooks?limit=2&cursor={first['next']}").json

    assert [webhook["id"] for webhook in (*first["webhooks"], *second["webhooks"])] == made
    assert second["next"] is None
