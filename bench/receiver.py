"""A receiver in a process of its own that answers as fast as one Python process can.

Paths that begin with /hang are never answered, those with /typical by 200 bytes, those that end
with /late after a twentieth of a second. Paths that begin with /numbered are followed by # and the
number that the event has as `n`. Prints its port; every line on standard input is answered by the
arrivals so far: path and time.monotonic of each, as JSON.
"""

import asyncio
import json
import re
import sys
import time

ARRIVALS: list[tuple[str, float]] = []
LATE = 0.05  # seconds
NUMBER = re.compile(rb'"n": ?(\d+)')
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TYPICAL = (
    b"HTTP/1.1 200 OK\r\nDate: Wed, 21 Jan 2026 12:53:20 GMT\r\nServer: nginx\r\n"
    b"Content-Type: application/json\r\nX-Request-Id: 4f3c0d8e2b1a4c5d9e7f6a5b4c3d2e1f\r\n"
    b"Content-Length: 200\r\n\r\n" + b'{"status": "%s"}' % (b"x" * 186)
)


class Receiver(asyncio.Protocol):
    """Just enough HTTP/1.1 for the requests that the sender makes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:") + len(b"content-length:")
            length = int(head[at:].partition(b"\r\n")[0])
            if len(self._buffer) < end + 4 + length:
                return
            path = self._buffer[: self._buffer.find(b"\r\n")].split(b" ")[1].decode()
            is_late = path.endswith("/late")
            if path.startswith("/numbered"):
                path += f"#{int(NUMBER.findall(self._buffer, end)[0])}"
            self._buffer = self._buffer[end + 4 + length :]
            ARRIVALS.append((path, time.monotonic()))
            if not path.startswith("/hang") and isinstance(self._transport, asyncio.Transport):
                answer = TYPICAL if path.startswith("/typical") else ANSWER
                if is_late:
                    asyncio.get_running_loop().call_later(LATE, self._transport.write, answer)
                else:
                    self._transport.write(answer)


async def main() -> None:
    """Serves until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Receiver, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        print(json.dumps(ARRIVALS), flush=True)
        ARRIVALS.clear()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
