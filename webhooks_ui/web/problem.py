"""RFC 9457 problem details: the API's errors.

Shape: ``{"title", "status", "detail"}``, for validation also ``"errors": [{"pointer", "detail"}]``
with a JSON pointer (RFC 6901) to each wrong part of the body. There is no `type`, so the
title is the status's reason phrase (RFC 9457 §4.2.1); the detail is in the caller's language.
"""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Response
from flask_babel.speaklater import LazyString
from werkzeug.exceptions import HTTPException

MIMETYPE = "application/problem+json"


class Fault(NamedTuple):
    """One error in a request body: a JSON pointer to it, and how to correct it."""

    pointer: str
    detail: str | LazyString


class Problem(HTTPException):
    """Raised anywhere in a view of the API; Flask responds with it."""

    def __init__(
        self,
        status: int,
        detail: str | LazyString,
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.faults = list(faults)
        body: dict[str, Any] = {
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": str(detail),
        }
        if errors := [{"pointer": f.pointer, "detail": str(f.detail)} for f in self.faults]:
            body["errors"] = errors
        text = json.dumps(body, ensure_ascii=False).encode(errors="replace")  # lone surrogates
        answer = Response(text, status, dict(headers or {}), mimetype=MIMETYPE)
        super().__init__(str(detail), answer)
        self.code = status


def pointer(*parts: str | int) -> str:
    """A JSON pointer to a member (RFC 6901 §3)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
