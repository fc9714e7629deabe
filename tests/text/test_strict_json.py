"""The JSON parser keeps bytes and refuses what no sender should send; the printer is bounded."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.text.strict_json import (
    MAX_DEPTH,
    MAX_PRETTY,
    JsonError,
    items,
    members,
    pretty,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


def test_numbers_come_out_as_they_came_in() -> None:
    text = b'{ "id" : "x", "data" : {"n": 12345678901234567890, "p": 1.50, "e": 1E400} }'

    assert members(text)["data"].raw == b'{"n": 12345678901234567890, "p": 1.50, "e": 1E400}'
    assert members(text)["id"].value == "x"


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=5))
def test_every_member_keeps_its_bytes(value: dict[str, Any]) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=2)):
        found = members(text.encode())

        assert list(found) == list(value)
        assert {k: json.loads(m.raw) for k, m in found.items()} == value


@given(st.lists(JSON, max_size=5))
def test_every_item_keeps_its_bytes(value: list[Any]) -> None:
    assert [json.loads(item) for item in items(json.dumps(value, indent=1).encode())] == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": "\xff"}',
        b'{"a": "\n"}',
        b'{"a": "\x00"}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": ["\\uDBFF"]}',
        b'{"\\ud800": 1, "\\ud800": 2}',
        b"\xef\xbb\xbf{}",
        b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a": 1} {"b": 2}',
        b"\xc3",
    ],
)
def test_bad_json_is_refused(text: bytes) -> None:
    with pytest.raises(JsonError) as caught:
        members(text)

    assert str(caught.value.message).encode()


@given(st.binary(max_size=200))
def test_no_input_raises_anything_else(data: bytes) -> None:
    with suppress(JsonError):
        members(data)


def test_a_number_of_ten_thousand_digits_is_kept() -> None:
    digits = b"9" * 10_000

    assert members(b'{"n": ' + digits + b"}")["n"].raw == digits


def test_brackets_within_a_text_do_not_nest() -> None:
    assert members(b'{"a": "' + b"[" * 500 + b'\\""}')["a"].value == "[" * 500 + '"'


@pytest.mark.parametrize("read", [members, lambda data: pretty(data) and members(data)])
def test_an_unterminated_string_is_read_once(read: Callable[[bytes], object]) -> None:
    """Searching for the end of each of its quotes would take hours."""
    with pytest.raises(JsonError):
        read(b'{"a": "' + b'\\"' * 100_000)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a":1.50,"b":[1e400,-0.0, 12345678901234567890]}', None),
        ('{"a": 1, "a": 2}', '{\n  "a": 1,\n  "a": 2\n}'),
        ("[ ]\n", "[]"),
        ('{"a": {  }, "b": [[], {}]}', '{\n  "a": {},\n  "b": [\n    [],\n    {}\n  ]\n}'),
        ('["\\u0041, {[\\"", "\\ud800"]', '[\n  "\\u0041, {[\\"",\n  "\\ud800"\n]'),
        ("[" + "9" * 5_000 + "]", "[\n  " + "9" * 5_000 + "\n]"),
    ],
)
def test_pretty_keeps_everything_but_white_space(text: str, shown: str | None) -> None:
    expected = shown or (
        '{\n  "a": 1.50,\n  "b": [\n    1e400,\n    -0.0,\n    12345678901234567890\n  ]\n}'
    )
    assert pretty(text.encode()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain text",
        "12 ",
        ' "text"',
        '<p title="a, b">{}</p>',
        '{"a": 1',
        '{"a": 1}}',
        "[1, 2,]",
        '["\n"]',
        "[" * (MAX_DEPTH + 1) + "1" + "]" * (MAX_DEPTH + 1),
        "[" * 60_000,
        "]" * 60_000,
        '{"a":' * 60_000,
        "[" * 90 + "1," * 30_000 + "1" + "]" * 90,
        "[" + " " * MAX_PRETTY + "]",
    ],
)
def test_pretty_returns_other_text_as_it_came(text: str) -> None:
    assert pretty(text.encode()) == text


@given(st.lists(JSON, max_size=5) | st.dictionaries(st.text(), JSON, max_size=5))
def test_pretty_is_what_the_library_prints(value: object) -> None:
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)
        with suppress(UnicodeEncodeError):
            assert pretty(text.encode()) == json.dumps(value, ensure_ascii=ascii_only, indent=2)


@given(st.text(st.sampled_from('{}[]",:1 \\'), max_size=60))
def test_pretty_of_any_text_only_adds_white_space(text: str) -> None:
    def without_space(some: str) -> str:
        return re.sub(r"\s", "", some)

    assert without_space(pretty(text.encode())) == without_space(text)
