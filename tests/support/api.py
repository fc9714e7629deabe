"""A sender of events over HTTP, in threads of its own, that keeps what it was promised."""

import http.client
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count, cycle
from threading import Event, Lock, Thread
from typing import Self
from urllib.parse import urlsplit


class Platform:
    """Posts events, one after the other in each thread, to the servers by turns.

    While entered it goes on; an event whose answer did not come is sent again under the same id,
    as a platform would. `accepted` has the event id of each 202 by the sender's own id.
    """

    def __init__(self, urls: Sequence[str], token: str, threads: int = 2) -> None:
        self._urls, self._token = cycle(urls), token
        self._numbers, self._lock, self._stopped = count(1), Lock(), Event()
        self.accepted: dict[str, str] = {}
        self.unexpected: list[str] = []
        self._threads = [Thread(target=self._post_on) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Sends no more; what is under way is waited for."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def has(self, number: int) -> Callable[[], bool]:
        """Asks whether so many were accepted."""
        return lambda: len(self.accepted) >= number

    def _post_on(self) -> None:
        while not self._stopped.is_set():
            with self._lock:
                own_id = f"msg-{next(self._numbers)}"
            while not self._stopped.is_set() and not self._post(own_id):
                self._stopped.wait(0.05)

    def _post(self, own_id: str) -> bool:
        """Whether it was accepted."""
        body = json.dumps({"type": "message_created", "id": own_id, "data": {"id": own_id}})
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
        }
        with self._lock:
            host = urlsplit(next(self._urls)).netloc
        connection = http.client.HTTPConnection(host, timeout=60)
        try:
            connection.request("POST", "/api/v1/events", body, headers)
            answer = connection.getresponse()
            found = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return False  # the server was killed
        finally:
            with suppress(OSError):
                connection.close()
        if answer.status == 202:
            self.accepted[own_id] = found["id"]
        elif answer.status != 503:
            self.unexpected.append(f"{answer.status} {found}")
        return answer.status == 202
