"""JSON that keeps its bytes and refuses what no sender should send."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.text.strict_json import JsonError, items, members, pretty

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
def test_what_is_refused(text: bytes) -> None:
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


def test_a_text_without_an_end_is_read_through_once() -> None:
    """Looking for its end from each of its quotation marks would take hours."""
    endless = b'{"a": "' + b'\\"' * 200_000

    with pytest.raises(JsonError):
        members(endless)
    assert pretty(endless) == '{\n  "a": "' + '\\"' * 200_000
