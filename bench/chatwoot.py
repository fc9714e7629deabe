"""Chatwoot's requests over HTTP, beside a worker that has more to do than it can."""

from collections.abc import Iterator

from bench.processes import cpu_of
from bench.stage import (
    accept,
    analyse,
    app_on,
    finished,
    percentile,
    posted,
    receiving,
    serving,
    until_finished,
    webhooks,
)
from tests.sources.chatwoot import PATH, body, changed, headers, make_source

WEBHOOKS = 3
BACKLOG = 24_000  # events, each for all webhooks
REQUESTS, RATE = 1_200, 100  # in all, and a second
CONNECTIONS = 32


def chatwoot(database: str) -> dict[str, float]:
    """How long Chatwoot waits for an answer, while the worker is at full speed."""
    with receiving() as receiver, app_on(database) as app:
        webhooks(app, *(f"{receiver.url}/{n}" for n in range(WEBHOOKS)))
        requests = [*_requests(make_source(app))]
        accept(app, BACKLOG)
        analyse(app)
        with serving(app) as (port, console):
            until_finished(app, BACKLOG // 10)
            spent = cpu_of(console)
            order = {"port": port, "connections": CONNECTIONS, "first": 0, "rate": RATE}
            found = posted(order | {"count": len(requests), "requests": requests})
            spent = 1000 * (cpu_of(console) - spent) / len(requests)
            left = (BACKLOG + REQUESTS // 4) * WEBHOOKS - finished(app)
    # From when it was due: one that is late waits for a connection, or for the poster's turn.
    due = (found["sent"][0] + number / RATE for number in range(len(requests)))
    took = [1000 * (b - a) for a, b in zip(due, found["answered"], strict=True)]
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    figures = {f"{name} ms": percentile(took, share) for name, share in shares.items()}
    own = {"processor of the console ms, a request": spent}
    return figures | own | {"deliveries left for the worker": left}


def _requests(token: str) -> Iterator[str]:
    """A customer's message with the noise that it makes, and a hand-over: four requests."""
    for number in range(REQUESTS // 4):
        yield from (
            _request(token, f"{number}-{part}", sent)
            for part, sent in enumerate(
                (
                    body("message_created_incoming", id=number),
                    changed(waiting_since=(None, 1_769_000_000)),
                    body("contact_updated_activity_only"),
                    body("conversation_updated_team_and_assignee"),
                )
            )
        )


def _request(token: str, delivery: str, sent: bytes) -> str:
    head = {"Host": "127.0.0.1", "Content-Length": str(len(sent)), **headers(sent, delivery)}
    lines = [f"POST {PATH}?token={token} HTTP/1.1", *(f"{one}: {head[one]}" for one in head)]
    return "\r\n".join([*lines, "", sent.decode()])
