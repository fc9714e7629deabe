"""What one connection sends is stored and answered in the order in which it was sent."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Thread
from typing import Any, BinaryIO

import pytest
from flask import Flask
from sqlalchemy import select

from tests.api.conftest import issue
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.database.engine import db
from webhooks_ui.models import Event
from webhooks_ui.server import wsgi
from webhooks_ui.server.connections import INTAKE_BODY
from webhooks_ui.server.listening import listen

PATIENT = 60.0  # seconds
CONNECTIONS, REQUESTS = 3, 40
Address = tuple[str, int]


@pytest.fixture
def address(app: Flask) -> Iterator[Address]:
    """The program's own server in a thread, with all of its threads."""
    listening = listen("127.0.0.1", 0)
    server = wsgi._server(app, listening)
    thread = Thread(target=server.loop, daemon=True)
    found: Address = listening.getsockname()[:2]
    thread.start()
    yield found
    server.stop()
    thread.join(PATIENT)
    assert not thread.is_alive()


def requests(sender: str) -> list[tuple[str, Any, int]]:
    """Path, body and status: small ones, some for the few threads, batches, refused ones."""
    found: list[tuple[str, Any, int]] = []
    for number in range(REQUESTS):
        text = "x" * (INTAKE_BODY if number % 8 == 3 else 20_000 if number % 5 == 1 else 10)
        own = {"type": "message_created", "id": f"{sender}-{number}", "data": {"text": text}}
        if number % 7 == 2:
            events = [own | {"id": f"{own['id']}-{part}"} for part in range(3)]
            found.append(("/events/batch", {"events": events}, 202))
        elif number % 7 == 5:
            found.append(("/events", own | {"type": "unheard of"}, 422))
        else:
            found.append(("/events", own, 202))
    return found


def pipelined(address: Address, token: str, sender: str) -> list[str]:
    """Sends all before it reads an answer; the ids that were answered."""
    head = f"Host: hooks.example\r\nAuthorization: Bearer {token}\r\n"
    head += "Content-Type: application/json\r\n"
    wanted, sent = requests(sender), b""
    for path, body, _status in wanted:
        data = json.dumps(body).encode()
        first = f"POST /api/v1{path} HTTP/1.1\r\n{head}Content-Length: {len(data)}\r\n\r\n"
        sent += first.encode() + data
    found: list[str] = []
    with closing(socket.create_connection(address, timeout=PATIENT)) as client:
        sending = Thread(target=client.sendall, args=(sent,), daemon=True)
        sending.start()
        with client.makefile("rb") as answers:
            for _path, _body, expected in wanted:
                status, answer = read_answer(answers)
                assert status == expected, answer
                found += [one["id"] for one in answer.get("events", [answer]) if "id" in one]
        sending.join(PATIENT)
    return found


def read_answer(answers: BinaryIO) -> tuple[int, Any]:
    status, length = int(answers.readline().split()[1]), 0
    while (line := answers.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, json.loads(answers.read(length))


@ON_BOTH_DATABASES
@pytest.mark.usefixtures("patient")
def test_pipelined_events_are_stored_and_answered_in_order(app: Flask, address: Address) -> None:
    """Also beside other connections, with which they share commits."""
    token, senders = issue(app, "events"), [f"sender{one}" for one in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        answered = [*pool.map(lambda one: pipelined(address, token, one), senders)]
    with app.app_context():
        rows = db.session.execute(select(Event.sender_id, Event.public_id).order_by(Event.id)).all()
    for sender, ids in zip(senders, answered, strict=True):
        own = [row for row in rows if str(row.sender_id).startswith(f"{sender}-")]
        sent = [
            one["id"]
            for _path, body, status in requests(sender)
            if status == 202
            for one in body.get("events", [body])
        ]
        assert [row.sender_id for row in own] == sent
        assert [row.public_id for row in own] == ids
