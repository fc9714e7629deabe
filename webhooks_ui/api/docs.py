"""The API's page: every operation with what goes in, what comes out, and examples."""

from typing import Any

from flask import current_app, render_template, request
from markupsafe import Markup

from webhooks_ui.api import examples
from webhooks_ui.api.description import TAGS, describe
from webhooks_ui.api.paths import PREFIX


def page() -> str:
    """The page; made from the same description that programs read."""
    described = describe()
    own = current_app.config["PUBLIC_URL"] or request.url_root
    base = own.rstrip("/") + PREFIX
    rooms: dict[str, list[dict[str, Any]]] = {tag: [] for tag in TAGS}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            rooms[operation["tags"][0]].append(_shown(base, method.upper(), path, operation))
    return render_template("api/docs.html", rooms=rooms, tags=TAGS, base=base, marked=marked)


def marked(text: str) -> Markup:
    """The text with what stands between backticks as code."""
    pieces = enumerate(text.split("`"))
    return Markup().join(
        Markup("<code>{}</code>").format(piece) if number % 2 else piece for number, piece in pieces
    )


def _shown(base: str, method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """An operation as the page shows it."""
    url = examples.address(base, path)
    body = examples.BODIES.get(operation["operationId"])
    return {
        "id": operation["operationId"],
        "method": method,
        "path": path,
        "summary": operation["summary"],
        "text": operation["description"].strip(),
        "parameters": [one for one in operation["parameters"] if one["in"] != "path"],
        "members": _members(operation),
        "answers": operation["responses"],
        "curl": examples.curl(method, url, body),
        "python": examples.python(method, url, body),
    }


def _members(operation: dict[str, Any]) -> list[tuple[str, str, bool, str]]:
    """The members of its body: name, kind, whether needed, and words."""
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return []
    schema = _resolved(content["application/json"]["schema"])
    needed = schema.get("required", [])
    return [
        (name, _kind(member), name in needed, member.get("description", ""))
        for name, member in schema.get("properties", {}).items()
    ]


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: dict[str, Any] = describe()["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _kind(schema: dict[str, Any]) -> str:
    """A member's kind in a few words: ``text``, ``true or false``, ``list of message_created…``."""
    schema = _resolved(schema)
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(dict.fromkeys(_kind(one) for one in several))
    if values := schema.get("enum"):
        return " | ".join(values)
    if schema.get("type") == "array":
        return f"[{_kind(schema['items'])}]"
    if "type" in schema.get("properties", {}):
        return _object(schema["properties"])
    return str(schema.get("type", ""))


def _object(members: dict[str, Any]) -> str:
    """An object whose `type` says which members it has, written out."""
    constant = members["type"].get("const")
    rest = "".join(f", {name}" for name in members if name != "type")
    return f"{{type: {constant}{rest}}}" if constant else "object"
