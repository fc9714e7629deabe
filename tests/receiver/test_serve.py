"""The built-in receiver in the one process that also sends to it: no deadlock, real hang-ups."""

import http.client
import json
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.support.server import Server
from webhooks_ui import create_app
from webhooks_ui.models import Receiver
from webhooks_ui.receiver import built_in
from webhooks_ui.server import process

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("receiver serve")]


@pytest.fixture(scope="module")
def server(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program as `make run` starts it: no private network is allowed."""
    folder = shutil.copytree(migrated, tmp_path_factory.mktemp("serve") / "data")
    with Server(folder) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.command("token", "add", "Tests", "--scope", "admin").strip()


@pytest.fixture
def beside(server: Server) -> Iterator[Flask]:
    """Another process's app on the same data."""
    app = create_app({"DATA_DIR": Path(server.data_dir)})
    yield app
    process.close(app)


def receiver(server: Server, beside: Flask, answer: str) -> str:
    """A new receiver that answers so; its URL."""
    with beside.app_context():
        made = built_in.make(server.url, None)
        assert isinstance(made, Receiver)
        built_in.choose(made, answer)
        return made.url


def call(server: Server, token: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, f"/api/v1{path}", json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


def webhook(server: Server, token: str, url: str) -> str:
    status, made = call(
        server, token, "POST", "/webhooks", {"url": url, "events": ["message_created"]}
    )
    assert status == 201, made
    return str(made["id"])


def test_hanging_up_closes_the_connection(server: Server, beside: Flask, token: str) -> None:
    url = receiver(server, beside, "hang_up")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", url.removeprefix(server.url), b"{}")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()
    own = webhook(server, token, url)
    status, delivery = call(
        server, token, "POST", f"/webhooks/{own}/test", {"type": "message_created"}
    )
    assert (status, delivery["status"]) == (200, "failed")
    assert delivery["attempts"][0]["error"] == "connection_reset"


def test_a_dozen_tests_of_the_slow_one_leave_the_console_quick(
    server: Server, beside: Flask, token: str
) -> None:
    own = webhook(server, token, receiver(server, beside, "slow"))
    results: list[int] = []

    def test() -> None:
        body = {"type": "message_created"}
        results.append(call(server, token, "POST", f"/webhooks/{own}/test", body)[0])

    threads = [threading.Thread(target=test) for _ in range(12)]
    for thread in threads:
        thread.start()
    waited: list[float] = []
    while any(thread.is_alive() for thread in threads) and len(waited) < 20:
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/login")
        assert connection.getresponse().status == 200
        connection.close()
        waited.append(time.monotonic() - began)
        threads[0].join(0.1)
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert set(results) <= {200, 429}
    assert 200 in results
    assert statistics.median(waited) < built_in.SLOW_SECONDS


def test_an_event_reaches_it_and_its_signature_holds(
    server: Server, beside: Flask, token: str
) -> None:
    url = receiver(server, beside, "204")
    own = webhook(server, token, url)
    status, delivery = call(
        server, token, "POST", f"/webhooks/{own}/test", {"type": "message_created"}
    )
    assert (status, delivery["status"]) == (200, "succeeded")
    with beside.app_context():
        found = Receiver.by_token(url.rpartition("/")[2])
        assert found
        (request,) = found.requests()
        assert (request.signature, request.webhook_id) == ("valid", delivery["id"])
