"""The charset of a body, and its text."""

import codecs
from functools import partial

import pytest

from tests.support.processor import within
from webhooks_ui.text.charset import CHARSETS, charset_of, content_type, decoded


@pytest.mark.parametrize(
    ("named", "charset"),
    [
        ("text/plain; charset=windows-1251", "windows-1251"),
        ('text/plain;charset="Windows-1251"', "windows-1251"),
        ("text/plain; charset = 'cp1251'; x=y", "windows-1251"),
        ("text/html; CHARSET=KOI8-U", "koi8-u"),
        ("text/html; charset=iso-8859-1", "windows-1252"),  # as browsers take it
        ("text/html; charset=us-ascii", "windows-1252"),
        ("text/html; charset=utf-16", "utf-16le"),
        ("text/html; charset=Shift_JIS", "cp932"),
        ("text/html; charset=gb2312", "gbk"),
        ("application/json", "utf-8"),
        ("application/json; charset", "utf-8"),
        ("x/charset=koi8-r", "utf-8"),
        ("", "utf-8"),
        ("\ud800; charset=gbk", "gbk"),
    ],
)
def test_a_charset_is_the_one_that_is_named(named: str, charset: str) -> None:
    assert charset_of(named, b"x") == charset


@pytest.mark.parametrize(
    "name", ["hex", "zlib", "rot13", "punycode", "idna", "unicode_escape", "utf-7", "undefined"]
)
def test_a_codec_of_python_that_is_no_charset_is_not_used(name: str) -> None:
    assert charset_of(f"text/plain; charset={name}", b"x") == "utf-8"


@pytest.mark.parametrize(
    ("mark", "charset"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16le"),
        (codecs.BOM_UTF16_BE, "utf-16be"),
    ],
)
def test_a_byte_order_mark_counts_more_and_is_no_text(mark: bytes, charset: str) -> None:
    data = mark + "Привіт".encode(charset)
    assert charset_of("text/plain; charset=koi8-r", data) == charset
    assert decoded(data, charset) == "Привіт"


def test_every_charset_that_is_known_can_be_read() -> None:
    for name in CHARSETS:
        assert isinstance(decoded(bytes(range(256)), name), str)
    assert decoded("Привіт".encode("cp1251"), "windows-1251") == "Привіт"
    assert decoded(b"\xff\xfe\xfd", "utf-8") == "\ufffd" * 3


def test_a_long_header_is_read_quickly() -> None:
    for text in ('"' * 60_000, "; charset" * 10_000, "charset=" + "\\" * 60_000, " " * 60_000):
        assert within(0.1, partial(charset_of, text, b"")) == "utf-8"


def test_the_first_content_type_counts() -> None:
    headers = [("X", "1"), ("content-TYPE", "text/a"), ("Content-Type", "text/b")]
    assert content_type(headers) == "text/a"
    assert content_type([]) == ""
