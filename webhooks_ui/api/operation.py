"""An operation of the API: a view, who may call it, and what goes in and comes out.

The description at /api/v1/openapi.json is made from the same facts that the requests are held to.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel, ConfigDict, ValidationError

from webhooks_ui.api import access
from webhooks_ui.api.access import Scope
from webhooks_ui.api.body import Body, faults_of, invalid, read_body
from webhooks_ui.api.paths import NAME, PREFIX
from webhooks_ui.audit import calls
from webhooks_ui.web.body_limits import DEFAULT, max_body
from webhooks_ui.web.problem import Problem

Headers = Mapping[str, str]
Reply = BaseModel | Response | None | tuple[BaseModel, Headers]
View = Callable[..., Reply]
_PARAMETER = re.compile(r"<public_id:(\w+)>")
ALWAYS = (400, 401, 403, 429, 500, 503)


class Query(BaseModel):
    """The parameters of a URL's query string."""

    model_config = ConfigDict(extra="forbid")


@dataclass(slots=True)
class Operation:
    """Decorates a view, which gets `body` and `query` parsed, and the path's ids as strings.

    `headers` are the request headers it reads, each with its description; `errors` the statuses
    it answers with besides those that follow from the rest. Without a `scope` the view asks for a
    token of its own and reads the body itself, `max_bytes` at most.
    """

    method: str
    path: str
    _: KW_ONLY
    scope: Scope | None = "admin"
    status: int = 200
    answer: type[BaseModel] | None = None
    body: type[Body] | None = None
    query: type[Query] | None = None
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # their schemas
    errors: tuple[int, ...] = ()
    max_bytes: int = DEFAULT
    view: View = field(init=False)

    def __call__(self, view: View) -> View:
        """Adds the view to `OPERATIONS`."""
        self.view = view
        OPERATIONS.append(self)
        return view

    def register(self, app: Flask) -> None:
        """Adds the route, as `Flask.add_url_rule` would if the app had not answered anything."""
        name, methods = f"{NAME}.{self.endpoint}", [self.method, "OPTIONS"]
        rule = app.url_rule_class(f"{PREFIX}{self.path}", methods=methods, endpoint=name)
        rule.provide_automatic_options = True  # type: ignore[attr-defined]
        limit = max_body(self.body.max_bytes if self.body else self.max_bytes)
        app.view_functions[name] = limit(partial(self._serve))
        app.url_map.add(rule)  # last: who finds it finds its view

    @property
    def public_path(self) -> str:
        """The path as the description has it, as in ``/webhooks/{id}``."""
        return _PARAMETER.sub(r"{\1}", self.path)

    @property
    def name(self) -> str:
        """Method and path, as in ``GET /api/v1/webhooks/{id}``."""
        return f"{self.method} {PREFIX}{self.public_path}"

    @property
    def tag(self) -> str:
        """The name of the view's module."""
        return self.view.__module__.rpartition(".")[2]

    @property
    def endpoint(self) -> str:
        """The name of the route within the blueprint, and the operation's id."""
        return f"{self.tag}_{self.view.__name__}"

    @property
    def statuses(self) -> list[int]:
        """Every status that it answers with."""
        found = {self.status, *ALWAYS, *self.errors}
        found |= {404} if "<" in self.path else set()
        found |= {413, 415, 422} if self.body else {422} if self.query else set()
        return sorted(found)

    def _serve(self, **arguments: Any) -> Response:
        if self.scope:
            access.require(self.scope)
            calls.called(self.name)
        if self.query:
            arguments["query"] = _read_query(self.query)
        if self.body:
            limit = self.body.max_bytes(current_app.config["MAX_EVENT_SIZE"])
            arguments["body"] = self.body.read(read_body(limit))
        return _respond(self.view(**arguments), self.status)


OPERATIONS: list[Operation] = []


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


Row = TypeVar("Row")


def found(row: Row | None) -> Row:
    """The row, or a 404 if there is none."""
    if row is None:
        raise Problem(404, _l("There is nothing of this id. It may have been deleted."))
    return row
