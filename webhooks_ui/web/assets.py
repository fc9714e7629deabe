"""Static files under addresses that change with their content, and compression of responses.

htmx is served from the wheel ``django-js-lib-htmx``: nothing third-party is kept in this project
or loaded from another origin.
"""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import rjsmin
from flask import Flask, Response, abort, current_app, g, request, url_for
from markupsafe import Markup

COMPRESSIBLE = ("text/", "application/json", "application/problem+json", "image/svg")
MAX_NAME = 100  # bytes; the system refuses names of 256
WORTH_COMPRESSING = 1024  # bytes; smaller bodies are not worth a header


@dataclass(frozen=True)
class Asset:
    """A static file in memory, as it is and compressed."""

    content: bytes
    compressed: bytes
    version: str
    mimetype: str


def init_app(app: Flask, folder: Path) -> None:
    """Serves `folder` and htmx under ``/static/`` and gives templates ``asset(name)``."""
    htmx = Path(str(files("js_lib_htmx"))) / "static" / "htmx"
    app.extensions["assets"] = (folder.resolve(), htmx.resolve())
    app.add_url_rule("/static/<path:filename>", "static", serve)
    app.jinja_env.globals.update(asset=asset_url, icon=icon)
    app.after_request(compress)


def asset_url(name: str) -> str:
    """The address of a static file with its version; looked up once a page."""
    known: dict[str, str] = g.setdefault("asset_urls", {})
    if name not in known:
        known[name] = url_for("static", filename=name, v=_find(name).version)
    return known[name]


def icon(name: str, label: str = "") -> Markup:
    """A drawing of static/icons.svg; screen readers read the label."""
    return _icon(asset_url("icons.svg"), name, label)


@lru_cache(maxsize=512)
def _icon(drawings: str, name: str, label: str) -> Markup:
    said = Markup('role="img" aria-label="{}"').format(label) if label else ""
    return Markup('<svg class="icon" {}><use href="{}#{}"/></svg>').format(
        said or Markup('aria-hidden="true"'), drawings, name
    )


def serve(filename: str) -> Response:
    """A static file; cached for ever when the address has its version."""
    asset = _find(filename)
    zipped = _accepts_gzip()
    response = Response(asset.compressed if zipped else asset.content, mimetype=asset.mimetype)
    if zipped:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    if request.args.get("v") == asset.version:  # nobody asks again whether it has changed
        response.cache_control.public = True
        response.cache_control.max_age = 31536000
        response.cache_control.immutable = True
    else:
        response.set_etag(asset.version + ("-gz" if zipped else ""))
        response.cache_control.no_cache = True
    response.make_conditional(request)
    return response


def compress(response: Response) -> Response:
    """Compresses text that is long enough, for clients that accept it."""
    if (
        response.is_streamed
        or response.direct_passthrough
        or response.content_encoding
        or response.status_code < 200
        or not (response.mimetype or "").startswith(COMPRESSIBLE)
    ):
        return response
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) >= WORTH_COMPRESSING and _accepts_gzip():
        response.set_data(gzip.compress(body, mtime=0))
        response.content_encoding = "gzip"
    return response


def _accepts_gzip() -> bool:
    return bool(request.accept_encodings["gzip"])


def _find(name: str) -> Asset:
    if len(name) > MAX_NAME or not name.isascii():
        abort(404)
    found = _path(current_app.extensions["assets"], name)
    if found is None:
        abort(404)
    return _load(found, found.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _path(folders: tuple[Path, ...], name: str) -> Path | None:
    paths = ((folder, (folder / name).resolve()) for folder in folders)
    return next((p for folder, p in paths if p.is_relative_to(folder) and p.is_file()), None)


def _lightened(name: str, source: bytes) -> bytes:
    """The same for a browser, without what is for those who read the source: a first visit waits
    for every byte. Minifiers of styles known to us take the space before `:is(…)` away as well."""
    if name.endswith(".css"):
        rules = re.sub(rb"/\*.*?\*/", b"", source, flags=re.DOTALL)
        rules = re.sub(rb"\s*([{};,])\s*", rb"\1", rules)
        return rules.replace(b";}", b"}").replace(b" > ", b">")
    if name.endswith(".js") and not name.endswith(".min.js"):
        lightened: bytes = rjsmin.jsmin(source)
        return lightened
    return source


@lru_cache(maxsize=64)
def _load(path: Path, _changed: int) -> Asset:
    content = _lightened(path.name, path.read_bytes())
    return Asset(
        content=content,
        compressed=gzip.compress(content, mtime=0),
        version=hashlib.sha256(content).hexdigest()[:12],
        mimetype=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
    )
