"""The JSON parser keeps bytes and refuses what no sender should send; the printer is bounded."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.text.json_nesting import MAX_DEPTH
from webhooks_ui.text.json_parts import FaultError, JsonError, TooLongError
from webhooks_ui.text.pretty_json import MAX_PRETTY, pretty
from webhooks_ui.text.strict_json import MAX_MEMBERS, Reader, check, members, values

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


@given(
    st.lists(
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=5),
        max_size=5,
    )
)
def test_an_array_is_read_element_by_element(value: list[dict[str, Any]]) -> None:
    """However long the text is, values longer than the window are refused and shorter ones read."""
    for most in (None, 400):
        reader = Reader(json.dumps({"all": value}, indent=1).encode(), most)
        read: list[dict[str, Any]] = []
        try:
            for name in reader.names():
                assert name == "all"
                read += [
                    {k: json.loads(m.raw) for k, m in reader.members(raw={"a"}).items()}
                    for _ in reader.indexes()
                ]
            reader.end()
        except TooLongError:
            assert most
            assert max(len(json.dumps(one, indent=1)) for one in value) > most // 4
        else:
            assert read == value


def test_a_window_shows_the_right_places() -> None:
    listed = b",\n".join([b'{"a": "' + b"x" * 50 + b'"}'] * 100 + [b'{"a": ]}'])
    reader = Reader(b"[" + listed + b"]", most=80)

    with pytest.raises(JsonError, match="line 101, column 7"):
        list(map(reader.members, ([] for _ in reader.indexes())))


@pytest.mark.parametrize("end", [b'"', b"1", b" ", b"\\u12", b"fals", b"[", b'{"b', b'{"b":'])
def test_a_value_beyond_the_window_is_too_long(end: bytes) -> None:
    for length in range(190, 210):
        reader = Reader(b'{"a": [' + b"1" * length + b"," + end + b"x" * 300 + b"]}", most=100)
        with pytest.raises(TooLongError):
            reader.members()


def test_a_fault_leaves_the_rest_readable() -> None:
    reader = Reader(b'[{"a": {"b": 1, "b": 2}}, {"a": NaN}, {"a": 1, "a": 1}, {"c": 5}]')
    read: list[str] = []
    for _ in reader.indexes():
        try:
            read += reader.members(raw={"a"})
        except FaultError as error:
            read.append(str(error))
    reader.end()

    assert "twice" in read[0]
    assert "NaN" in read[1]
    assert "twice" in read[2]
    assert read[3:] == ["c"]


def test_only_so_many_members_are_taken_apart() -> None:
    text = json.dumps({str(n): n for n in range(MAX_MEMBERS + 1)}).encode()

    check(text)
    for read in (members, values):
        with pytest.raises(JsonError, match="100"):
            read(text)


@pytest.mark.parametrize(
    "text", ['{"a": "\\ud83d"}', '{"\\udfff": 1}', '{"a": ["\\uDBFF"]}', '{"a": {"\\ud800": 1}}']
)
def test_half_of_a_surrogate_pair_is_taken_as_it_came(text: str) -> None:
    check(text.encode())
    (member,) = members(text.encode()).values()
    assert member.raw.decode() == text.partition(": ")[2][:-1]


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
    with pytest.raises(JsonError) as in_one_go:
        values(text)

    assert str(caught.value.message).encode()
    assert type(in_one_go.value) is type(caught.value)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps({"a": value}).encode()))
def test_no_input_raises_anything_else(data: bytes) -> None:
    with suppress(JsonError):
        assert values(data) == {name: one.value for name, one in members(data).items()}


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
