"""By which address the console is asked: its URL, the path of that, and names that are its own.

A page of another site can bind its own name to this machine (DNS rebinding): the browser then takes
the console for a part of that site. So a name counts only where an administrator has set it.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, abort, request

from webhooks_ui.text.url_parts import ip_of, is_loopback, local_url

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s:\[\]]+))(?::[0-9]{0,5})?", re.IGNORECASE)
REFUSED = "webhooks_ui.refused_host"
"""The key of a request's environ that says that it names a host that is not ours."""
_HEALTH = ("monitoring.alive", "monitoring.ready")  # nothing secret, for load balancers
_SOURCES = "api.sources_"  # endpoints: who has a source's URL may know this machine by any name


def init_app(app: Flask) -> None:
    """Refuses requests that name another host, with 421 (RFC 9110 §15.5.20)."""

    def refuse() -> None:
        endpoint = request.endpoint or ""
        is_open = endpoint in _HEALTH or endpoint.startswith(_SOURCES)
        if REFUSED in request.environ and not is_open:
            abort(421)

    app.wsgi_app = _Hosts(app, app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(refuse)


class _Hosts:
    """A WSGI app that takes a host that is not ours out of a request, and marks it as refused."""

    def __init__(self, app: Flask, inner: WSGIApplication) -> None:
        self._config, self._inner = app.config, inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Without Host (HTTP/1.0) the name is the server's own. ProxyFix has put the forwarded one
        # here where proxies are trusted.
        given, config = environ.get("HTTP_HOST"), self._config
        public_url, allowed = config["PUBLIC_URL"] or "", config["ALLOWED_HOSTS"]
        if given is not None and not is_known(given, public_url, config["HOST"], allowed):
            # The error page has links, and Flask makes none under a host that it cannot read.
            environ["HTTP_HOST"], environ[REFUSED] = "localhost", given
        return self._inner(environ, start_response)


@lru_cache(maxsize=256)
def is_known(given: str, public_url: str, listening: str, allowed: tuple[str, ...]) -> bool:
    """Whether `given`, a Host header, names this console; its port does not matter.

    `listening` is the address listened on. Where that is every address, any IP address is taken:
    which ones lead here is not known, and none of them can be rebound.
    """
    found = _HOST.fullmatch(given)
    if found is None:
        return False
    name = (found[1] or found[2]).lower().removesuffix(".")
    if is_loopback(name):
        return True
    address, ours = ip_of(name), (urlsplit(public_url).hostname, listening, *allowed)
    if address is None:
        return name in ours
    bound = ip_of(listening)
    is_anywhere = bound is not None and bound.is_unspecified
    return is_anywhere or address in map(ip_of, ours)


def base_url(config: Mapping[str, Any]) -> str:
    """The console's own URL: the setting or the listening address, never a Host header."""
    local = config.get("OWN_URL") or local_url(config["HOST"], config["PORT"])
    return str(config["PUBLIC_URL"] or local).rstrip("/")


def path_of(public_url: str | None) -> str:
    """The path of PUBLIC_URL, such as `/hooks`; empty at the root of the host."""
    return urlsplit(public_url or "").path


class SubPath:
    """A WSGI app under `path`, whether the proxy in front takes the path away or leaves it."""

    def __init__(self, app: WSGIApplication, path: str) -> None:
        self._app, self._path = app, path

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == self._path or path.startswith(f"{self._path}/"):
            environ["PATH_INFO"] = path.removeprefix(self._path) or "/"
        environ["SCRIPT_NAME"] = self._path
        return self._app(environ, start_response)
