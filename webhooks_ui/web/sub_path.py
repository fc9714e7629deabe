"""A console under a path of its host: the path of PUBLIC_URL, as SCRIPT_NAME of every request."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def path_of(public_url: str | None) -> str:
    """The path of PUBLIC_URL, such as `/hooks`; empty at the root of the host."""
    return urlsplit(public_url or "").path


class SubPath:
    """A WSGI app under `path`, whether the proxy in front takes the path away or leaves it."""

    def __init__(self, app: "WSGIApplication", path: str) -> None:
        self._app, self._path = app, path

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answers as the inner app does."""
        path = environ["PATH_INFO"]
        if path == self._path or path.startswith(f"{self._path}/"):
            environ["PATH_INFO"] = path.removeprefix(self._path) or "/"
        environ["SCRIPT_NAME"] = self._path
        return self._app(environ, start_response)
