"""Compressed request bodies: gzip is taken, bounded by what comes out of it; others are refused."""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.api.conftest import Call, caller, issue
from tests.api.test_take_events import EVENT, events_in
from tests.support.processor import within
from webhooks_ui.api.content_coding import MAX_MEMBERS

ONE = json.dumps(EVENT).encode()
MANY = json.dumps({"events": [EVENT] * 3}).encode()
WHOLE = gzip.compress(ONE, mtime=0)  # not now: it names tests


def post(call: Call, body: bytes, coding: str = "gzip", path: str = "/events") -> Any:
    return call("POST", path, data=body, headers={"Content-Encoding": coding})


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", " gzip "])
def test_an_event_and_a_batch_are_taken(app: Flask, call: Call, coding: str) -> None:
    one = post(call, gzip.compress(ONE), coding)
    many = post(call, gzip.compress(MANY), coding, "/events/batch")

    assert (one.status_code, many.status_code) == (202, 202)
    assert events_in(app) == 4


def test_every_body_may_be_compressed(call: Call) -> None:
    body = gzip.compress(json.dumps({"key": "4", "name": "Site"}).encode())
    assert post(call, body, path="/channels").status_code == 201


def test_the_same_event_is_the_same_however_it_came(call: Call) -> None:
    event = json.dumps(EVENT | {"id": "chat-1"}).encode()

    plain = call("POST", "/events", data=event)
    packed = post(call, gzip.compress(event))

    assert packed.json == plain.json | {"duplicate": True}


def test_several_members_are_one_body(call: Call) -> None:
    assert post(call, gzip.compress(ONE[:9]) + gzip.compress(ONE[9:])).status_code == 202


@pytest.mark.parametrize("coding", ["", "identity", " Identity "])
def test_no_coding_is_one_too(call: Call, coding: str) -> None:
    assert post(call, ONE, coding).status_code == 202


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "gzip, br", "utf-8"])
def test_another_coding_is_refused_and_gzip_named(app: Flask, call: Call, coding: str) -> None:
    answer = post(call, WHOLE, coding)

    assert answer.status_code == 415
    assert answer.headers["Accept-Encoding"] == "gzip"  # RFC 9110 §15.5.16
    assert "gzip" in answer.json["detail"]
    assert events_in(app) == 0


def test_only_the_coding_is_answered_with_codings(call: Call) -> None:
    """RFC 9110 §12.5.3: so that the caller knows which of the two headers was refused."""
    answer = call("POST", "/events", data=ONE, headers={"Content-Type": "text/plain"})

    assert answer.status_code == 415
    assert "Accept-Encoding" not in answer.headers
    assert answer.headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (ONE, "not gzip"),
        (b"", "ends early"),
        (b"\x1f\x8b", "ends early"),
        (WHOLE[:-1], "ends early"),
        (WHOLE[: len(WHOLE) // 2], "ends early"),
        (WHOLE[:-8] + bytes(8), "not gzip"),
        (WHOLE + b"{}", "follows"),
        (WHOLE + b"\x1f\x8bxx", "follows"),
        (gzip.compress(b"", mtime=0) * (MAX_MEMBERS + 1), "follows"),
    ],
)
def test_what_is_no_whole_gzip_is_refused_in_words(
    app: Flask, call: Call, body: bytes, words: str
) -> None:
    answer = post(call, body)

    assert answer.status_code == 400
    assert words in answer.json["detail"]
    assert events_in(app) == 0


def test_what_comes_out_is_bounded_as_a_plain_body(make_app: Any) -> None:
    app = make_app(MAX_EVENT_SIZE=1000)
    call = caller(app, issue(app, "events"))

    def with_text(size: int) -> bytes:
        return gzip.compress(json.dumps(EVENT | {"data": {"a": "x" * size}}).encode())

    answers = [post(call, with_text(size)) for size in (990, 992, 100_000)]

    assert [answer.status_code for answer in answers] == [202, 413, 413]
    assert "1,000 bytes" in answers[1].json["detail"]


BOMBS: dict[str, Callable[[], bytes]] = {
    "one": lambda: gzip.compress(bytes(100_000_000), 1),
    "members": lambda: gzip.compress(bytes(20_000_000), 1) * 16,
    "nothing": lambda: gzip.compress(b"") * 400_000,
    "empty blocks": lambda: WHOLE[:10] + b"\0\0\0\xff\xff" * 1_600_000,
}


@pytest.mark.parametrize("path", ["/events", "/events/batch"])
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_next_to_nothing(call: Call, name: str, path: str) -> None:
    bomb = BOMBS[name]()
    answer: TestResponse = within(0.5, partial(post, call, bomb, path=path))
    assert answer.status_code in (400, 413)

    tracemalloc.start()
    post(call, bomb, path=path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000
