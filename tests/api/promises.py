"""What a description of the API promises, a line each: to compare one version's with another's."""

import json
from collections.abc import Iterator
from typing import Any

_WORDS = {"title", "description", "summary", "tags", "examples", "info"}
_SCHEMA = "#/components/schemas/"


def of(document: dict[str, Any]) -> set[str]:
    """Paths, methods, parameters, statuses, headers, members with their types and limits."""
    return set(_lines(without_words(document)))


def without_words(part: Any, *, named: bool = False) -> Any:
    """What programs read of it; the keys of `properties` are names of members, never words."""
    if isinstance(part, dict):
        return {
            key: without_words(value, named=key == "properties")
            for key, value in part.items()
            if named or key not in _WORDS
        }
    return [without_words(one) for one in part] if isinstance(part, list) else part


def _lines(part: Any, where: str = "") -> Iterator[str]:
    """Each leaf, after the keys that lead to it; what stands in a list is a leaf in any order."""
    if isinstance(part, dict) and part:
        for key, value in part.items():
            yield from _lines(value, f"{where} {key}".strip())
    elif isinstance(part, list) and part:
        yield from (f"{where} {json.dumps(one, sort_keys=True)}" for one in part)
    else:
        yield f"{where} {json.dumps(part)}"


def asked_for(document: dict[str, Any]) -> set[str]:
    """The schemas of what is sent to the API."""
    schemas, found = document["components"]["schemas"], set[str]()
    bodies = [o.get("requestBody") for way in document["paths"].values() for o in way.values()]
    waiting = [json.dumps(bodies)]
    while waiting:
        text = waiting.pop()
        for name in schemas.keys() - found:
            if f'"{_SCHEMA}{name}"' in text:
                found.add(name)
                waiting.append(json.dumps(schemas[name]))
    return found
