"""The program's one JSON parser: strict, bounded, each value read once and its bytes kept.

Numbers such as 12345678901234567890 and 1.50 must come out as they came in. Stricter than RFC 8259:
no NaN, no duplicate names, nothing deeper than `MAX_DEPTH`. Half a surrogate pair is taken.
"""

import json
import re
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn, cast

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.text.json_nesting import is_too_deep
from webhooks_ui.text.json_parts import FaultError, JsonError, Number, Scan, TooLongError, decoder

MAX_MEMBERS = 100  # of an object that `members` takes apart

_UNKEPT: dict[str, Any] = {}
_EXPECTED = {
    "{": _l("A JSON object was expected: { … }."),
    "[": _l("A JSON array was expected: [ … ]."),
}
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Member:
    """The value of an object's member, parsed, and its bytes as they came in."""

    value: Any
    raw: bytes


def check(data: bytes) -> None:
    """Raises `JsonError` unless it is a JSON object."""
    reader = Reader(data)
    reader.expect("{")
    reader.skip_value()
    reader.end()


def members(data: bytes, raw: Container[str] = ()) -> dict[str, Member]:
    """The members of a JSON object; of those named in `raw`, `value` tells the type alone.

    Raises `JsonError`.
    """
    reader = Reader(data)
    found = reader.members(raw)
    reader.end()
    return found


def values(data: bytes) -> dict[str, Any]:
    """The values of an object's members, as `members` finds them, read in one go."""
    reader = Reader(data)
    reader.expect("{")
    found = reader.value()
    reader.end()
    if len(found) > MAX_MEMBERS:
        raise _too_many_members()
    return cast("dict[str, Any]", found)


class Reader:
    """Reads JSON from left to right, each value once; every method may raise `JsonError`.

    A large text is read through a window, so that no value is parsed that is longer than `most`
    characters: it raises `TooLongError`.
    """

    def __init__(self, data: bytes, most: int | None = None) -> None:
        self._whole = _decoded(data)
        self._most = len(self._whole) if most is None else most
        self._text = self._whole[: 2 * self._most]
        self._base = self._at = 0  # where the window begins, and where in it the reader stands
        self._fault: LazyString | None = None

    # Python refuses to parse integers of more than 4,300 digits, and nobody computes with them.
    @cached_property
    def _keeping(self) -> Scan:
        return decoder(self._object, self._constant, Number)

    @cached_property
    def _checking(self) -> Scan:
        return decoder(self._unkept_object, self._constant, str)

    def expect(self, bracket: str) -> None:
        """Refuses another kind of value than the one that this bracket opens."""
        if self.next_character() != bracket:
            raise JsonError(_EXPECTED[bracket])

    def next_character(self) -> str:
        """The first character of what comes next."""
        self._skip_space()
        return self._text[self._at] if self._at < len(self._text) else self._refuse(self._at)

    def names(self) -> Iterator[str]:
        """The names of an object; before the next one, its value has to be read."""
        self.expect("{")
        for _ in self._elements("}"):
            if self.next_character() != '"':
                self._refuse(self._at)
            name = self._scan(self._keeping)
            if self.next_character() != ":":
                self._refuse(self._at)
            self._at += 1
            self._skip_space()
            yield name

    def indexes(self) -> Iterator[int]:
        """The indexes of an array; before the next one, its value has to be read."""
        self.expect("[")
        for index, _ in enumerate(self._elements("]")):
            self._skip_space()
            yield index

    def members(self, raw: Container[str] = ()) -> dict[str, Member]:
        """The members of an object; of those named in `raw`, `value` tells the type alone.

        Raises `FaultError` behind the object.
        """
        found: dict[str, Member] = {}
        for name in self.names():
            start = self._at
            value = self._scan(self._checking if name in raw else self._keeping)
            if name in found:
                self._note_duplicate(name)
            found[name] = Member(value, self._text[start : self._at].encode())
            if len(found) > MAX_MEMBERS:
                raise _too_many_members()
        self._raise_fault()
        return found

    def value(self) -> Any:
        """The next value."""
        found = self._scan(self._keeping)
        self._raise_fault()
        return found

    def skip_value(self) -> None:
        """Reads the next value and forgets it."""
        self._scan(self._checking)
        self._raise_fault()

    def end(self) -> None:
        """Refuses everything but white space."""
        self._skip_space()
        if self._at < len(self._text):
            self._refuse(self._at)

    def _elements(self, closing: str) -> Iterator[None]:
        """Stops at each element; moves past the commas and the brackets."""
        self._at += 1
        if self.next_character() != closing:
            yield
            while self.next_character() == ",":
                self._at += 1
                yield
            if self.next_character() != closing:
                self._refuse(self._at)
        self._at += 1

    def _skip_space(self) -> None:
        """Moves to the next token, behind which the window is as long as a value may be."""
        while True:
            if self._at + self._most > len(self._text) and self._is_cut:
                self._base, self._at = self._base + self._at, 0
                self._text = self._whole[self._base : self._base + 2 * self._most]
            start, match = self._at, _SPACE.match(self._text, self._at)
            self._at = match.end() if match else start
            if self._at == start or not self._is_cut:
                return

    @property
    def _is_cut(self) -> bool:
        return self._base + len(self._text) < len(self._whole)

    def _scan(self, scan: Scan) -> Any:
        start = self._at
        try:
            value, self._at = scan(self._text, start)
            if is_too_deep(self._text, start, self._at):
                raise RecursionError
        except RecursionError:
            raise JsonError(_l("The data is nested too deeply.")) from None
        except StopIteration as stop:
            self._refuse(stop.value)
        except json.JSONDecodeError as error:
            self._refuse(error.pos, is_open=error.msg.startswith("Unterminated"))
        return value

    def _refuse(self, at: int, *, is_open: bool = False) -> NoReturn:
        # A token that the window cuts is at most `\uXXXX` or `false` before its end.
        if self._is_cut and (is_open or at + 6 > len(self._text)):
            raise TooLongError(_l("A value is too long."))
        where = json.JSONDecodeError("", self._whole, self._base + at)
        raise JsonError(
            _l(
                "This is not JSON: look at line %(line)s, column %(column)s.",
                line=where.lineno,
                column=where.colno,
            )
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            again = Counter(name for name, _value in pairs).most_common(1)
            self._note_duplicate(again[0][0])
        return found

    def _unkept_object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(pairs) > 1:
            self._object(pairs)
        return _UNKEPT

    def _constant(self, name: str) -> None:
        self._fault = self._fault or _l("JSON has no %(name)s.", name=name)

    def _note_duplicate(self, name: str) -> None:
        shown = name[:100].encode(errors="replace").decode()
        self._fault = self._fault or _l(
            "The name “%(name)s” stands twice in an object.", name=shown
        )

    def _raise_fault(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None:
            raise FaultError(fault)


def _too_many_members() -> JsonError:
    return JsonError(_l("An object has more than %(most)s members.", most=MAX_MEMBERS))


def _decoded(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise JsonError(_l("The text is not UTF-8: look at byte %(at)s.", at=error.start)) from None
    if text.startswith("\ufeff"):
        raise JsonError(_l("The text begins with a byte order mark. Leave it out."))
    return text
