"""Every call of the API and every command is in the log, once an hour, also if it only reads."""

import time
from datetime import timedelta

import pytest

from tests.api.conftest import caller, issue
from tests.audit.conftest import entries
from tests.audit.world import World, app, prepared, world
from tests.cli.conftest import Run, data_dir, run
from webhooks_ui.api import operations
from webhooks_ui.api.operation import OPERATIONS, Operation
from webhooks_ui.audit import calls

# Fixtures, and what fills `OPERATIONS`.
__all__ = ["app", "data_dir", "operations", "prepared", "run", "world"]
ONLY_READS = ("doctor", "token list", "user list")


@pytest.mark.parametrize("command", ONLY_READS)
def test_a_command_that_only_reads_is_one_entry_an_hour(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    for _ in range(2):
        run(*command.split())
    (entry,) = entries(world.app, action="command.run")
    assert (entry.actor_kind, entry.object_id) == ("command", command)
    with monkeypatch.context() as patched:
        patched.setattr(calls, "AGAIN", timedelta())
        run(*command.split())
    assert len(entries(world.app, action="command.run")) == 2


def test_a_command_that_fails_is_in_it(world: World, run: Run) -> None:
    assert run("user", "remove", "nobody-of-this-name").exit_code == 1
    assert [one.object_id for one in entries(world.app, topic="call")] == ["user remove"]


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.scope], ids=lambda one: one.name
)
def test_every_call_is_one_entry_an_hour(world: World, operation: Operation) -> None:
    path = operation.public_path.format(id="wh_0")
    for _ in range(2):
        world.call(operation.method, path, {"name": 1})
    (entry,) = entries(world.app, action="operation.called")
    assert (entry.actor_name, entry.object_id) == ("Test admin", operation.name)
    assert entry.address == "127.0.0.1"


def test_a_call_that_a_busy_database_does_not_take_is_tried_a_second_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refused(action: str, *_about: str, within: timedelta) -> bool:
        tried.append(action)
        return False

    monkeypatch.setattr(calls, "record_once", refused)
    at = time.monotonic()
    for seconds in (0.0, 0.9, 1.1, 2.0):
        monkeypatch.setattr(calls, "monotonic", lambda now=at + seconds: now)
        assert world.call("GET", "/webhooks").status_code == 200
    assert tried == ["operation.called"] * 2


def test_calls_are_told_apart_by_token_and_operation(world: World) -> None:
    other = caller(world.app, issue(world.app, "events"))
    event = {"type": "message_created", "data": {}}
    world.call("GET", "/webhooks")
    world.call("GET", "/channels")
    world.call("POST", "/events", event)
    other("POST", "/events", event)
    found = {(one.actor_name, one.object_id) for one in entries(world.app, topic="call")}
    assert found == {
        ("Test admin", "GET /api/v1/webhooks"),
        ("Test admin", "GET /api/v1/channels"),
        ("Test admin", "POST /api/v1/events"),
        ("Test events", "POST /api/v1/events"),
    }


def test_of_the_events_taken_in_the_log_has_the_calls_alone(world: World) -> None:
    before = len(entries(world.app))
    body = {"type": "message_created", "data": {}}
    for _ in range(2):
        assert world.call("POST", "/events", body).status_code == 202
        assert world.call("POST", "/events/batch", {"events": [body]}).status_code == 202
    new = [one.object_id for one in entries(world.app)[before:]]
    assert new == ["POST /api/v1/events", "POST /api/v1/events/batch"]
