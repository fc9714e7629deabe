"""An operation of the API: a view, who may call it, and what goes in and comes out.

The description at /api/v1/openapi.json is made from the same facts that the requests are held to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Blueprint, Response, current_app, request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.routing import BaseConverter

from webhooks_ui.api import access
from webhooks_ui.api.access import Scope
from webhooks_ui.api.body import Body, faults_of, invalid, read_body

Reply = BaseModel | Response | None | tuple[BaseModel, Mapping[str, str]]
View = Callable[..., Reply]

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
blueprint.after_request(access.note_use)


class PublicId(BaseConverter):
    """An id in a path: what cannot be one is no address of ours."""

    regex = "[a-z]+_[0-9a-z]+"


class Query(BaseModel):
    """What a URL may ask for behind its question mark."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Operation:
    """What the description says about a view; `errors` beside 401, 403, 429, 500 and 503."""

    method: str
    path: str
    name: str
    tag: str
    text: str
    scope: Scope
    status: int
    answer: type[BaseModel] | None
    body: type[Body] | None
    query: type[Query] | None
    headers: Mapping[str, str]
    errors: tuple[int, ...]


OPERATIONS: list[Operation] = []


def operation(
    method: str,
    path: str,
    *,
    scope: Scope = "admin",
    status: int = 200,
    answer: type[BaseModel] | None = None,
    body: type[Body] | None = None,
    query: type[Query] | None = None,
    headers: Mapping[str, str] | None = None,
    errors: tuple[int, ...] = (),
) -> Callable[[View], View]:
    """Makes a view an operation; it gets `body` and `query` read, and the path's ids as texts.

    `headers` are those that a request may carry, with what each is for.
    """

    def register(view: View) -> View:
        OPERATIONS.append(
            Operation(
                method,
                path,
                view.__name__,
                view.__module__.rpartition(".")[2],
                view.__doc__ or "",
                scope,
                status,
                answer,
                body,
                query,
                headers or {},
                errors,
            )
        )

        @wraps(view)
        def run(**arguments: Any) -> Response:
            access.require(scope)
            if query:
                arguments["query"] = _read_query(query)
            if body:
                most = body.most_bytes(current_app.config["MAX_EVENT_SIZE"])
                arguments["body"] = body.read(read_body(most))
            return _respond(view(**arguments), status)

        name = f"{view.__module__.rpartition('.')[2]}_{view.__name__}"
        blueprint.add_url_rule(path, name, run, methods=[method])
        return view

    return register


def _read_query(model: type[Query]) -> Query:
    values = request.args.to_dict()
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid(faults_of(error, values)) from None


def _respond(reply: Reply, status: int) -> Response:
    if isinstance(reply, Response):
        return reply
    model, headers = reply if isinstance(reply, tuple) else (reply, {})
    text = "" if model is None else model.model_dump_json()
    response = Response(text, status, dict(headers), mimetype="application/json")
    if model is None:
        del response.headers["Content-Type"]
    return response
