"""Receivers that misbehave, and senders to test with them."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.delivery.hostile import Behaviour, Hostile
from webhooks_ui.delivery.http.outcome import Outcome, OutgoingRequest
from webhooks_ui.delivery.http.pool import Pool
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.egress.guard import Guard

TIMEOUT = 5.0
SHORT = 0.4
"""Seconds: for attempts that are to end by the time-out."""

SLACK = 20.0
"""Seconds by which a busy machine may be late; what ignores a time-out takes far longer."""

Receive = Callable[..., Hostile]
Send = Callable[..., Outcome]


def ended_at(outcome: Outcome, timeout: float) -> bool:
    """Whether an attempt lasted until its time-out and no longer."""
    return timeout - 0.05 <= outcome.duration_ms / 1000 <= timeout + SLACK


@pytest.fixture
def receive() -> Iterator[Receive]:
    """Starts receivers: `receive(behaviour, context=..., host=...)`."""
    receivers: list[Hostile] = []

    def start(
        behaviour: Behaviour, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> Hostile:
        receivers.append(Hostile(behaviour, context, host))
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.close()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The authority whose certificates the sender trusts."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def new_sender(ca_file: Path) -> Iterator[Callable[..., Sender]]:
    """Makes senders that may reach this machine: `new_sender(timeout=..., guard=..., pool=...)`."""
    senders: list[Sender] = []

    def make(
        timeout: float = TIMEOUT, guard: Guard | None = None, pool: Pool | None = None
    ) -> Sender:
        guard = guard or Guard(["127.0.0.0/8", "::1"])
        sender = Sender(guard, timeout=timeout, ca_file=str(ca_file), pool=pool)
        senders.append(sender)
        return sender

    yield make
    for sender in senders:
        sender.close()


@pytest.fixture
def send(new_sender: Callable[..., Sender]) -> Send:
    """One attempt: `send(url, body=..., headers=..., timeout=...)`; a sender for each time-out."""
    senders: dict[float, Sender] = {}

    def attempt(
        url: str,
        body: bytes = b'{"id":1}',
        headers: tuple[tuple[str, str], ...] = (("webhook-id", "msg_1"),),
        timeout: float = TIMEOUT,
    ) -> Outcome:
        if timeout not in senders:
            senders[timeout] = new_sender(timeout)
        outcome = senders[timeout].send(OutgoingRequest(url, headers, body))
        assert "unexpected" not in outcome.detail
        return outcome

    return attempt
