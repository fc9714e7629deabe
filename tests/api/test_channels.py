"""Managing channels by the API."""

from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import Call, errors
from tests.conftest import make_webhook, sign_in
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.models import channel_changes

CHANNEL = {"key": "telegram-sales", "name": "Telegram sales", "kind": "telegram"}


@ON_BOTH_DATABASES
def test_a_channel_is_made_shown_changed_and_deleted(call: Call) -> None:
    made = call("POST", "/channels", CHANNEL)
    assert made.status_code == 201
    assert made.json.items() >= CHANNEL.items()
    path = made.headers["Location"].removeprefix("/api/v1")

    assert call("GET", path).json == made.json
    changed = call("PATCH", path, {"name": " Sales "})
    assert changed.json.items() >= (CHANNEL | {"name": "Sales"}).items()
    gone = call("DELETE", path)
    assert (gone.status_code, gone.data) == (204, b"")
    assert [call(method, path).status_code for method in ("GET", "DELETE")] == [404, 404]


@ON_BOTH_DATABASES
def test_what_another_changes_at_the_same_moment_stays(
    call: Call, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/channels/{call('GET', '/channels').json['channels'][0]['id']}"
    save = channel_changes.save

    def save_second(*given: Any) -> Any:
        monkeypatch.setattr(channel_changes, "save", save)
        assert call("PATCH", path, {"name": "Sales"}).status_code == 200
        return save(*given)

    monkeypatch.setattr(channel_changes, "save", save_second)
    answer = call("PATCH", path, {"kind": "api"})

    assert (answer.json["name"], answer.json["kind"]) == ("Sales", "api")


WRONG: list[tuple[Any, dict[str, str]]] = [
    ({}, {"/key": "Enter the key", "/name": "Enter a name."}),
    (CHANNEL | {"key": "a b"}, {"/key": "Use only Latin letters"}),
    (CHANNEL | {"key": "a" * 101}, {"/key": "Shorten the key to 100"}),
    (CHANNEL | {"name": "a\nb"}, {"/name": "line breaks"}),
    (CHANNEL | {"kind": "fax"}, {"/kind": "Choose one of the kinds"}),
    (CHANNEL | {"kind": 5}, {"/kind": "text"}),
    (CHANNEL | {"id": "ch_1"}, {"/id": "Leave it out"}),
]


@pytest.mark.parametrize(("body", "expected"), WRONG)
def test_what_the_form_refuses_is_refused_with_its_words(
    call: Call, body: Any, expected: dict[str, str]
) -> None:
    answer = call("POST", "/channels", body)

    assert answer.status_code == 422
    found = errors(answer)
    assert found.keys() == expected.keys()
    assert all(words in found[place] for place, words in expected.items())
    assert call("GET", "/channels").json == {"channels": [], "next": None}


@ON_BOTH_DATABASES
def test_a_key_is_given_once(call: Call, channel: str) -> None:
    answer = call("POST", "/channels", CHANNEL)

    assert answer.status_code == 422
    assert "“Telegram sales” has this key" in errors(answer)["/key"]


@ON_BOTH_DATABASES
def test_a_channel_in_use_is_not_deleted(app: Flask, call: Call, channel: str) -> None:
    make_webhook(sign_in(app, "olena"), channel=channel)
    (listed,) = call("GET", "/channels").json["channels"]

    answer = call("DELETE", f"/channels/{listed['id']}")

    assert answer.status_code == 409
    assert "1 webhook uses" in answer.json["detail"]
    assert call("GET", f"/channels/{listed['id']}").status_code == 200


@ON_BOTH_DATABASES
def test_the_list_comes_in_pages(call: Call) -> None:
    for number in range(5):
        call("POST", "/channels", CHANNEL | {"key": f"c{number}"})

    keys: list[str] = []
    path: str | None = "/channels?limit=2"
    lengths: list[int] = []
    while path:
        answer = call("GET", path)
        lengths.append(len(answer.json["channels"]))
        keys += [channel["key"] for channel in answer.json["channels"]]
        link = answer.headers.get("Link")
        assert bool(link) == bool(answer.json["next"])
        path = link and link.partition("/api/v1")[2].partition(">")[0]

    assert lengths == [2, 2, 1]
    assert keys == ["c0", "c1", "c2", "c3", "c4"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=x", "/limit"),
        ("cursor=%21", "/cursor"),
        ("cursor=YWJj", "/cursor"),
        ("cursor=%C3%A9", "/cursor"),
        ("page=2", "/page"),
    ],
)
def test_a_page_that_cannot_be_is_refused(call: Call, query: str, place: str) -> None:
    answer = call("GET", f"/channels?{query}")

    assert answer.status_code == 422
    assert place in errors(answer)
