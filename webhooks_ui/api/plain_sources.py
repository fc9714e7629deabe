"""The way of plain requests of sources: `POST /api/v1/sources/…`."""

import re
from wsgiref.types import WSGIEnvironment

from flask import Flask
from werkzeug.datastructures import EnvironHeaders

from webhooks_ui.api.plain import Answer, body_of, hand_over
from webhooks_ui.api.sources import UNSEEN, ReceiptShape, token_in
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.models.source import KnownSource, Source
from webhooks_ui.monitoring.logs import WHO
from webhooks_ui.sources.base import Kind
from webhooks_ui.sources.receive import Arrival, Receipt, receive

_TOKEN = re.compile(r"token=([\w-]+)", re.ASCII)
_WORDS_BY = ("HTTP_ACCEPT_LANGUAGE", "HTTP_COOKIE")
"""What a reader's language follows from; senders have none."""


def take(kind: Kind, _app: Flask, environ: WSGIEnvironment) -> Answer | None:
    """Takes a request in; None where the app has to answer."""
    if any(name in environ for name in _WORDS_BY):
        return None
    try:
        source = _source(kind, environ)
        body = body_of(environ) if source else None
        if source is None or body is None:
            return None
        environ[WHO] = source.public_id
        receipt = _receipt(kind, source, environ, body)
    except Exception as error:  # the app answers and logs it
        hand_over(environ, error)
        return None
    if receipt.reason == "signature":
        hand_over(environ, receipt)
        return None
    return Answer(ReceiptShape.of(receipt).model_dump_json().encode(), UNSEEN)


def _source(kind: Kind, environ: WSGIEnvironment) -> KnownSource | None:
    if query := environ.get("QUERY_STRING"):
        found = _TOKEN.fullmatch(query)
        token = found[1] if found else ""
    else:
        token = token_in(environ.get("HTTP_AUTHORIZATION", ""))
    return Source.by_token(kind.identifier, token) if token else None


def _receipt(kind: Kind, source: KnownSource, environ: WSGIEnvironment, body: bytes) -> Receipt:
    arrival = Arrival(EnvironHeaders(environ), body, environ.get("REMOTE_ADDR"))
    return receive(kind, source, arrival, current_vault())
