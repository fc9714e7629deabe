"""Posts events to the intake, one a request, over several connections; a process of its own.

Reads what to do as JSON from standard input: `port`, `token`, `connections`, `count`, `first` (the
number of the first event) and `rate` (events a second; 0: as fast as they are answered). Instead of
a `token` there may be `requests`, written out: they are posted once, as Chatwoot does. Prints
`sent`, the time.monotonic of each event in order, and `answered`, that of its answer.
"""

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

TEXT = "x" * 1400


class Poster:
    """One connection, with one event under way at a time."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self.socket = socket.create_connection(("127.0.0.1", order["port"]))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = -1
        self._buffer = b""

    def post(self, number: int) -> None:
        """Sends the event of this number."""
        self.number = number
        self.socket.sendall(_request(self._order, number).encode())

    def is_answered(self) -> bool:
        """Reads; whether that was the end of a 202. After a 503 the event is posted again."""
        self._buffer += self.socket.recv(65_536)
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        at = head.lower().find(b"content-length:")
        if not end or len(rest) < int(head[at + 15 :].split(b"\r\n", 1)[0]):
            return False
        is_refused = b" 503 " in head[:20] and "requests" not in self._order
        assert b" 202 " in head[:20] or is_refused, self._buffer
        self._buffer = b""
        if is_refused:  # more than three have waited for a second without progress
            self.post(self.number)
            return False
        return True


def _request(order: dict[str, Any], number: int) -> str:
    if "requests" in order:
        return str(order["requests"][number - order["first"]])
    body = json.dumps({"type": "message_created", "data": {"n": number, "text": TEXT}})
    return (
        "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {order['token']}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def main(order: dict[str, Any]) -> dict[str, list[float]]:
    """Posts them all."""
    posters = [Poster(order) for _ in range(order["connections"])]
    waiting = selectors.DefaultSelector()
    for poster in posters:
        waiting.register(poster.socket, selectors.EVENT_READ, poster)
    free, count, rate = list(posters), order["count"], order["rate"]
    sent, answered = [0.0] * count, [0.0] * count
    begun, following = time.monotonic(), 0
    while following < count or len(free) < len(posters):
        while free and following < count and time.monotonic() >= begun + following * _gap(rate):
            sent[following] = time.monotonic()
            free.pop(0).post(order["first"] + following)
            following += 1
        left = begun + following * _gap(rate) - time.monotonic() if free else None
        for poster in _answers(waiting, left if following < count else None):
            answered[poster.number - order["first"]] = time.monotonic()
            free.append(poster)
    return {"sent": sent, "answered": answered}


def _gap(rate: float) -> float:
    return 1 / rate if rate else 0.0


def _answers(waiting: selectors.BaseSelector, seconds: float | None) -> Iterator[Poster]:
    """Who has got an answer; waits until somebody has, or so long."""
    for key, _ in waiting.select(None if seconds is None else max(seconds, 0.0)):
        if key.data.is_answered():
            yield key.data


if __name__ == "__main__":
    print(json.dumps(main(json.load(sys.stdin))))
