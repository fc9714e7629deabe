"""A server of this process for an app, where a whole console is not needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server


@contextmanager
def listening(app: Flask | None = None) -> Iterator[BaseWSGIServer]:
    """It serves the app, or the one that is set as its `app` before the first request."""
    server = make_server("127.0.0.1", 0, app or Flask("none yet"), threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()
