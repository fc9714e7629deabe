"""Renders templates: a process that can be ended, run by its path so that it loads Jinja alone.

Requests come on standard input and answers go to standard output, each four bytes of length and
JSON. A template can do nothing but read the event: values have no attributes, only members; there
is nothing to load, no file, no network and no other process. What takes too long or too much ends
the process: `SIGVTALRM` and `RLIMIT_AS` hold within a single operation, too.
"""

import html
import json
import re
import resource
import select
import signal
import struct
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from jinja2 import Template, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import ChainableUndefined, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Namespace

CPU_SECONDS = 0.5  # for one body
MAX_CHARACTERS = 1_000_000  # of a body
MEMORY = 192 * 1024 * 1024  # bytes, above what the process takes to begin with
IDLE_SECONDS = 60.0  # then it ends by itself
_METHODS: dict[type[Any], set[str]] = {
    str: {
        *("upper", "lower", "title", "capitalize", "strip", "lstrip", "rstrip", "split"),
        *("startswith", "endswith", "replace", "removeprefix", "removesuffix", "find", "join"),
    },
    dict: {"get", "items", "keys", "values"},
    list: {"index", "count"},
}
_LEFT_OUT = ("attr", "pprint", "random", "xmlattr", "urlize", "map", "groupby")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OWN = (LoopContext, Cycler, Namespace)  # Jinja's own objects
_GLOBALS = ("range", "dict", "namespace", "cycler", "joiner")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Only members of the event and a few methods of its values can be reached."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if attr in _METHODS.get(type(obj), set()):
            return True
        return isinstance(obj, _OWN) and super().is_safe_attribute(obj, attr, value)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A member goes before a method: `data.items` is the event's, where it has one."""
        if isinstance(obj, dict):
            return obj[attribute] if attribute in obj else super().getattr(obj, attribute)
        return super().getattr(obj, attribute)


def _to_json(value: Any) -> str:
    return json.dumps(None if isinstance(value, Undefined) else value, ensure_ascii=False)


def _to_xml(value: Any) -> str:
    """For XML's texts and attributes, without the characters that it cannot hold (section 2.2)."""
    text = "" if value is None or isinstance(value, Undefined) else str(value)
    return html.escape(_NOT_XML.sub("", text))


def _sandbox() -> _Sandbox:
    made = _Sandbox(undefined=ChainableUndefined, autoescape=False, keep_trailing_newline=False)
    made.filters = {name: one for name, one in FILTERS.items() if name not in _LEFT_OUT}
    made.filters |= {"tojson": _to_json, "xml": _to_xml}
    made.globals = {name: made.globals[name] for name in _GLOBALS}
    return made


_ENVIRONMENT = _sandbox()


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    return _ENVIRONMENT.from_string(source)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """``{"text"}``, or ``{"error"}`` in Jinja's words, with ``"line"`` where it is known."""
    try:
        context = request["head"] | {"data": json.loads(request["data"])}
        parts, length = [], 0
        for part in _compiled(request["source"]).generate(context):
            parts.append(part)
            length += len(part)
            if length > MAX_CHARACTERS:
                return {"error": f"the result is longer than {MAX_CHARACTERS:,} characters"}
        return {"text": "".join(parts)}
    except TemplateSyntaxError as error:
        return {"error": str(error.message), "line": error.lineno}
    except MemoryError:
        return {"error": "the template takes too much memory"}
    except RecursionError:
        return {"error": "the template is nested too deeply"}
    except SecurityError as error:
        return {"error": f"not allowed in a template: {error}", "line": _line(error)}
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return {"error": str(error) or type(error).__name__, "line": _line(error)}
    except Exception as error:
        return {"error": type(error).__name__, "line": _line(error)}


def _line(error: BaseException) -> int | None:
    """The template's line: the last one of the trace that is in a template."""
    found, trace = None, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def _restrict() -> None:
    pages = Path("/proc/self/statm")
    taken = int(pages.read_text().split()[0]) if pages.exists() else 0
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_NPROC: 0}
    if taken:
        limits[resource.RLIMIT_AS] = taken * resource.getpagesize() + MEMORY
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def _read(stream: BinaryIO) -> dict[str, Any] | None:
    head = stream.read(4)
    if len(head) < 4:
        return None
    found: dict[str, Any] = json.loads(stream.read(struct.unpack(">I", head)[0]))
    return found


def main() -> None:
    """Answers until nobody asks any more."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    _restrict()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the console's, which ends this by itself
    while select.select([requests], [], [], IDLE_SECONDS)[0] and (request := _read(requests)):
        # The default action ends the process, in the middle of a computation as well.
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        said = json.dumps(answer(request)).encode()
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        answers.write(struct.pack(">I", len(said)) + said)
        answers.flush()


if __name__ == "__main__":
    main()
