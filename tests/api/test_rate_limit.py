"""RATE_LIMIT: events a second for each token, in each web process."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import Call, caller, issue
from tests.api.test_take_events import EVENT, events_in
from tests.support.apps import MakeApp
from tests.support.clock import Clock
from webhooks_ui.api.operation import OPERATIONS
from webhooks_ui.api.rate_limit import Buckets
from webhooks_ui.settings.table import SettingError, load

RATE = 3


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000_000.0)


@pytest.fixture
def app(make_app: MakeApp, clock: Clock) -> Iterator[Flask]:
    app = make_app(RATE_LIMIT=RATE)
    kept = app.extensions["rate_limit"]
    app.extensions["rate_limit"] = Buckets(RATE, clock)
    yield app
    app.extensions["rate_limit"] = kept


def test_a_token_sends_so_many_at_once_and_then_one_by_one(
    app: Flask, call: Call, clock: Clock
) -> None:
    answers = [call("POST", "/events", EVENT) for _ in range(RATE + 1)]

    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    refused = answers[-1]
    assert refused.mimetype == "application/problem+json"
    assert refused.headers["Retry-After"] == "1"
    assert "RATE_LIMIT allows (3)" in refused.json["detail"]
    assert events_in(app) == RATE

    clock.now += 1 / RATE
    assert [call("POST", "/events", EVENT).status_code for _ in range(2)] == [202, 429]


def test_one_token_takes_nothing_from_another_or_from_the_console(app: Flask, call: Call) -> None:
    while call("POST", "/events", EVENT).status_code == 202:
        pass

    other = caller(app, issue(app, "events"))
    assert other("POST", "/events", EVENT).status_code == 202
    assert app.test_client().get("/login").status_code == 200
    sign_in = {"login": "a", "password": "b"}
    assert app.test_client().post("/login", data=sign_in).status_code != 429
    assert caller(app, None)("POST", "/events", EVENT).status_code == 401


def test_a_batch_is_taken_whole_and_counts_its_events(app: Flask, call: Call, clock: Clock) -> None:
    batch = {"events": [EVENT] * 30}

    taken, refused = call("POST", "/events/batch", batch), call("POST", "/events", EVENT)

    assert (taken.status_code, refused.status_code) == (202, 429)
    wait = int(refused.headers["Retry-After"])
    assert wait == 10  # 30 events less those of the first second, and one more
    clock.now += wait - 1
    assert call("POST", "/events", EVENT).status_code == 429
    clock.now += 1
    assert call("POST", "/events", EVENT).status_code == 202


def test_what_is_too_much_is_not_read(call: Call) -> None:
    for _ in range(RATE):
        assert call("POST", "/events", data=b"{").status_code == 400
    assert call("POST", "/events", data=b"{").status_code == 429


def test_every_operation_is_counted(app: Flask, call: Call) -> None:
    while call("GET", "/channels").status_code == 200:
        pass
    for operation in OPERATIONS:
        if operation.scope is None:
            continue  # asks for a source's token instead
        path = operation.path.replace("<public_id:id>", "wh_1")
        assert call(operation.method, path).status_code == 429, operation.path


def test_every_description_tells_of_it(call: Call) -> None:
    paths = call("GET", "/openapi.json").json["paths"]
    for methods in paths.values():
        for operation in methods.values():
            for status in ("429", "503"):
                assert "Retry-After" in operation["responses"][status]["headers"]


def test_without_the_setting_nothing_is_counted(make_app: MakeApp) -> None:
    app = make_app()
    call = caller(app, issue(app, "events"))
    assert {call("POST", "/events", EVENT).status_code for _ in range(50)} == {202}


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "1000001"])
def test_a_rate_that_makes_no_sense_stops_the_start(text: str) -> None:
    with pytest.raises(SettingError, match="RATE_LIMIT takes a whole number from 1"):
        load({"WEBHOOKS_UI_RATE_LIMIT": text})


def test_no_rate_is_no_limit() -> None:
    assert load({})["RATE_LIMIT"] is None
    assert load({"WEBHOOKS_UI_RATE_LIMIT": "20"})["RATE_LIMIT"] == 20


@given(
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 40)), min_size=1, max_size=60),
)
def test_no_more_is_taken_than_the_rate_allows(rate: int, calls: list[tuple[float, int]]) -> None:
    clock = Clock(1_000_000.0)
    buckets, start, units = Buckets(rate, clock), clock.now, 0
    for pause, size in calls:
        clock.now += pause
        wait = buckets.take(1)
        if wait:
            clock.now += wait
            assert buckets.take(1) == 0
        # What was taken before this call fits into the time and one second more.
        assert units + 1 <= rate * (clock.now - start + 1) + 0.01
        buckets.owe(1, size - 1)
        units += size


def test_threads_share_a_bucket(clock: Clock) -> None:
    buckets = Buckets(100, clock)
    take: Callable[[int], Any] = lambda _: buckets.take(1)  # noqa: E731
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(take, range(400)))
    assert waits.count(0) == 100
