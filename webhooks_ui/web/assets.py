"""Static files, each under an address that changes with its content, and compression of answers.

htmx comes from the wheel ``django-js-lib-htmx`` and is served from there: nothing third-party is
kept in this project or loaded from another origin.
"""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from flask import Flask, Response, abort, current_app, g, request, url_for

COMPRESSIBLE = ("text/", "application/json", "application/problem+json", "image/svg")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_AROUND = re.compile(r"\s*([{};])\s*")
WORTH_COMPRESSING = 1024  # bytes; below it the header costs more than is won


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
    app.jinja_env.globals["asset"] = asset_url
    app.after_request(compress)


def asset_url(name: str) -> str:
    """The address of a static file, with its version; looked up once for each page."""
    known: dict[str, str] = g.setdefault("asset_urls", {})
    if name not in known:
        known[name] = url_for("static", filename=name, v=_find(name).version)
    return known[name]


def serve(filename: str) -> Response:
    """A static file; for ever where the address names its version."""
    asset = _find(filename)
    zipped = _accepts_gzip()
    response = Response(asset.compressed if zipped else asset.content, mimetype=asset.mimetype)
    if zipped:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(asset.version + ("-gz" if zipped else ""))
    if request.args.get("v") == asset.version:
        response.cache_control.public = True
        response.cache_control.max_age = 31536000
        response.cache_control.immutable = True
    else:
        response.cache_control.no_cache = True
    response.make_conditional(request)
    return response


def compress(response: Response) -> Response:
    """Compresses an answer worth it, for a client that asked."""
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
        response.set_data(gzip.compress(body, compresslevel=3, mtime=0))
        response.content_encoding = "gzip"
    return response


def _accepts_gzip() -> bool:
    return bool(request.accept_encodings["gzip"])


def _find(name: str) -> Asset:
    folders: tuple[Path, ...] = current_app.extensions["assets"]
    paths = ((folder, (folder / name).resolve()) for folder in folders)
    found = next((p for folder, p in paths if p.is_relative_to(folder) and p.is_file()), None)
    if found is None:
        abort(404)
    return _load(found, found.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _load(path: Path, _changed: int) -> Asset:
    content = path.read_bytes()
    if path.suffix == ".css":
        content = _tight(content.decode()).encode()
    return Asset(
        content=content,
        compressed=gzip.compress(content, mtime=0),
        version=hashlib.sha256(content).hexdigest()[:12],
        mimetype=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
    )


def _tight(style: str) -> str:
    """A stylesheet without comments and indents, which are for us; selectors stay as they are."""
    lines = _COMMENT.sub("", style).split("\n")
    text = " ".join(line.strip() for line in lines if line.strip())
    return _AROUND.sub(r"\1", text).replace(";}", "}")
