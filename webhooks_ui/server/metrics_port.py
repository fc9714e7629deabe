"""A port for a worker's own metrics, where no console of the same data folder shows them."""

import socket
from collections.abc import Iterable
from threading import Thread
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import waitress.server

_SHOWN = ("/metrics", "/healthz")


def start(app: WSGIApplication, listening: socket.socket) -> None:
    """Answers there from a thread until the process ends, under the console's own rules."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] in _SHOWN:
            return app(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"Only /metrics and /healthz are here.\n"]

    server = waitress.server.create_server(answer, sockets=[listening], threads=1, ident=None)
    Thread(target=server.run, name="metrics", daemon=True).start()
