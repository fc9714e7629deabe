"""What is wrong with a template, in plain words; Jinja's own stand where there are none."""

import re
from collections.abc import Callable

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l


def _missing(sign: str) -> LazyString:
    return _l("“%(sign)s” is missing", sign=sign)


_LINE = re.compile(r"(?s)(.*) \(line (\d+)\)")
_WORDS: tuple[tuple[str, LazyString | Callable[..., LazyString]], ...] = (
    (r"unexpected end of template, expected 'end of print.*", _missing("}}")),
    (r"unexpected end of template, expected 'end of statement.*", _missing("%}")),
    (r"Unexpected end of template.*closed is '(\w+)'\.", lambda tag: _missing(f"{{% end{tag} %}}")),
    (r".*'end of (?:print statement|statement block)'", _l("something is missing before the end")),
    (
        r"(?:unexpected|expected token .*, got|.*unexpected char) '(.+?)'.*",
        lambda found: _l("“%(found)s” is not expected here", found=found),
    ),
    (r"No filter named '(.+)'\.", lambda name: _l("there is no filter “%(name)s”", name=name)),
    (
        r"Encountered unknown tag '(\w+)'.*",
        lambda name: _l("there is no tag “%(name)s”", name=name),
    ),
    (
        r"'(\w+)' is undefined",
        lambda name: _l(
            "“%(name)s” is not known: there are data, id, type, timestamp and channel", name=name
        ),
    ),
    (
        r"'\w+ object' has no attribute '(\w+)'",
        lambda name: _l("there is no “%(name)s” in this value", name=name),
    ),
    (
        r"can only concatenate .*|unsupported operand type\(s\) for \+.*",
        _l("values are joined with ~, not with +"),
    ),
    (r"division by zero", _l("it divides by zero")),
    (r"no loader .*", _l("a template cannot load another one")),
    (
        r"the result is not JSON: (.+)",
        lambda why: _l(
            "the result is not JSON (%(why)s); write values with |tojson, without quotation marks"
            " around them",
            why=why,
        ),
    ),
    (
        r"the template takes too .*memory",
        _l("it takes too long or too much memory"),
    ),
    (
        r"the result is longer than ([\d,]+) characters",
        lambda most: _l("the result is longer than %(most)s characters", most=most),
    ),
    (r"no renderer was free", _l("this server was too busy to render it")),
)
"""Patterns of details of `PayloadError`; a word in brackets goes into the text."""


def template_words(detail: str) -> str | LazyString:
    """The words for the detail of a `template_error`, with the line where it is known."""
    found = _LINE.fullmatch(detail)
    words = _words(found[1] if found else detail)
    return _l("%(words)s (line %(line)s)", words=words, line=found[2]) if found else words


def _words(detail: str) -> str | LazyString:
    for pattern, words in _WORDS:
        if found := re.fullmatch(pattern, detail, re.DOTALL):
            return words if isinstance(words, LazyString) else words(*found.groups())
    return detail
