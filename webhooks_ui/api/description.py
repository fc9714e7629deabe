"""The description of the API (OpenAPI 3.1), made from the operations that serve it."""

import inspect
import re
from functools import cache
from typing import Any

from flask import Response, current_app, json, url_for
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from webhooks_ui.api.operation import OPERATIONS, Operation
from webhooks_ui.api.paths import PublicId
from webhooks_ui.api.shapes import ProblemShape
from webhooks_ui.version import __version__
from webhooks_ui.web.problem import MIMETYPE

INTRODUCTION = """\
Send events in, manage webhooks and channels, look at deliveries.

Every call carries an API token: `Authorization: Bearer <token>`. A token of scope `events` may
only send events in, one of scope `admin` may do everything. What is refused is answered with a
problem (RFC 9457) whose `detail` says how to fix it. Bodies may be compressed with gzip
(`Content-Encoding: gzip`); their limits count what is in them.
"""
TAGS = {
    "events": "What your platform sends.",
    "webhooks": "Where events are sent, and how.",
    "channels": "Where conversations happen; a webhook may listen to one of them.",
    "deliveries": "Each event that was sent to a webhook, and the responses.",
    "sources": "Other programs' own webhooks, taken in as events.",
}
STATUSES = {
    200: "Done.",
    201: "Made. `Location` is its address.",
    202: "Taken in, and stored for good.",
    204: "Deleted.",
    400: "The request cannot be read; where its body is not JSON, the detail says where.",
    401: "The token is missing or unknown.",
    403: "The token may not do that.",
    404: "There is nothing of this id.",
    409: "It is not in a state for this, another changed it, or this key came before with another"
    " event.",
    413: "The body, or an event in it, is too large.",
    415: "The body is not `application/json`, or compressed otherwise than with gzip.",
    422: "The body can be read but not accepted; `errors` says what to fix.",
    429: "Too much at once. `Retry-After` says when to try again.",
    500: "Something failed on our side.",
    503: "The database is busy, nothing was changed. `Retry-After` says when to try again.",
}
HEADERS = {201: "Location", 429: "Retry-After", 503: "Retry-After"}
SOURCE: list[dict[str, list[str]]] = [{"source": []}, {"token": []}, {"login": []}]
ID = {"type": "string", "pattern": f"^{PublicId.regex}$"}
REFERENCE = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"{(\w+)}")


def answer() -> Response:
    """The description, as it is served."""
    server = {"url": url_for("api.openapi").removesuffix("/openapi.json")}
    return current_app.response_class(
        json.dumps(describe() | {"servers": [server]}), mimetype="application/json"
    )


@cache
def describe() -> dict[str, Any]:
    """The description, without the address it is served at."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        methods = paths.setdefault(operation.public_path, {})
        methods[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "webhooks-ui",
            "version": __version__,
            "description": INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "security": [{"token": []}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "source": {"type": "apiKey", "in": "query", "name": "token"},
                "login": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _schemas() -> dict[str, Any]:
    """The schemas of all bodies and answers, by the models' names."""
    asked = {(one.body, "validation") for one in OPERATIONS if one.body}
    told = {(one.answer, "serialization") for one in OPERATIONS if one.answer}
    told.add((ProblemShape, "serialization"))
    models: Any = sorted(asked | told, key=lambda pair: pair[0].__name__)
    definitions = models_json_schema(models, ref_template=REFERENCE)[1]
    found: dict[str, Any] = definitions["$defs"]
    return found


def _operation(operation: Operation) -> dict[str, Any]:
    whose = f"of scope `{operation.scope}`" if operation.scope else "of the source"
    summary, _, more = inspect.cleandoc(operation.view.__doc__ or "").partition("\n")
    described: dict[str, Any] = {
        "operationId": operation.endpoint,
        "tags": ["webhooks" if operation.path.startswith("/webhooks") else operation.tag],
        "summary": summary.rstrip("."),
        "description": f"{' '.join(more.split())} Needs a token {whose}.",
        "parameters": [*_path(operation), *_query(operation), *_headers(operation)],
        "responses": {str(status): _answer(status, operation) for status in operation.statuses},
    }
    if operation.body:
        described["requestBody"] = {"required": True, "content": _json(operation.body)}
    if operation.scope is None:
        foreign = {"application/json": {"schema": {"type": "object"}}}
        described |= {"requestBody": {"required": True, "content": foreign}, "security": SOURCE}
    return described


def _answer(status: int, operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": STATUSES[status]}
    if status >= 400:
        answer["content"] = _json(ProblemShape, MIMETYPE)
    elif operation.answer:
        answer["content"] = _json(operation.answer)
    if name := HEADERS.get(status):
        answer["headers"] = {name: {"schema": {"type": "string"}}}
    return answer


def _json(model: type[BaseModel], mimetype: str = "application/json") -> dict[str, Any]:
    return {mimetype: {"schema": {"$ref": REFERENCE.format(model=model.__name__)}}}


def _path(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": ID}
        for name in _PARAMETER.findall(operation.public_path)
    ]


def _query(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    members = operation.query.model_json_schema()["properties"]
    return [_parameter(name, "query", schema) for name, schema in members.items()]


def _headers(operation: Operation) -> list[dict[str, Any]]:
    return [
        _parameter(name, "header", {"type": "string"} | dict(schema))
        for name, schema in operation.headers.items()
    ]


def _parameter(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter; one that is left out is not null, and has no default to be sent."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    kept = kinds[0] if kinds else {k: v for k, v in schema.items() if k != "default"}
    wanted = {k: v for k, v in kept.items() if k not in ("title", "description")}
    words = {"description": schema["description"]} if "description" in schema else {}
    return {"name": name, "in": place, "schema": wanted, **words}
