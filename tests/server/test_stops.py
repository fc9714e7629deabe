"""Stops under load: every exit is clean, no answer is lost, nothing is lost or sent twice."""

import http.client
import json
import os
from collections import Counter
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.operations.test_metrics import subscribe
from tests.support.receiver import Receiver
from tests.support.server import Server
from tests.support.waiting import wait_until

STOPS = int(os.environ.get("STOPS", "1"))
pytestmark = [
    pytest.mark.process,
    pytest.mark.xdist_group("stops"),
    pytest.mark.timeout(600 + 60 * STOPS),
]
SENDERS = 4


class Sender(Thread):
    """Posts events one after the other, on a kept connection, until the console is stopped."""

    def __init__(self, server: Server, token: str, begun: Event) -> None:
        super().__init__(daemon=True)
        self._server, self._token, self._begun = server, token, begun
        self._is_kept = False
        self.accepted: list[str] = []
        self.lost: list[Exception] = []

    def run(self) -> None:
        client = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        with closing(client):
            while self._connect(client):
                self._post(client)

    def _connect(self, client: http.client.HTTPConnection) -> bool:
        self._is_kept = client.sock is not None
        try:
            if not self._is_kept:
                client.connect()
        except OSError:  # it accepts no more connections
            return False
        return True

    def _post(self, client: http.client.HTTPConnection) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        body = json.dumps({"type": "message_created", "data": {"id": 1}})
        try:
            client.request("POST", "/api/v1/events", body, headers)
            answer = client.getresponse()
            found = json.loads(answer.read())
        except (OSError, http.client.HTTPException) as error:
            client.close()
            if not self._is_kept:  # a kept one may be closed while it is idle (RFC 9112 §9.3.1)
                self.lost.append(error)
        else:
            if answer.status == 202:
                self.accepted.append(found["id"])
            else:  # on a busy machine: to be posted again, which the next one stands for
                assert (answer.status, bool(answer.headers["Retry-After"])) == (503, True), found
        self._begun.set()


def test_every_stop_under_load_is_clean(ready: Path) -> None:
    accepted: list[str] = []
    with Receiver() as receiver:
        server = Server(ready, ALLOWED_NETWORKS="127.0.0.1")
        server.start()
        subscribe(server, receiver.url)
        token = server.command("token", "add", "platform").strip()
        for _ in range(STOPS):
            senders = [Sender(server, token, Event()) for _ in range(SENDERS)]
            for sender in senders:
                sender.start()
            for sender in senders:
                assert sender._begun.wait(60)
            server.stop()  # which asserts exit status 0, no traceback and no Fatal Python error
            for sender in senders:
                sender.join(60)
                assert sender.lost == []
                accepted += sender.accepted
            server.start()
        wait_until(lambda: len(receiver.requests()) >= len(accepted), 120, "every delivery")
        server.stop()
        arrived = Counter(json.loads(request.body)["id"] for request in receiver.requests())
    assert arrived == Counter(accepted)
