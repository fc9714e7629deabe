"""The rules for a webhook's URL."""

from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webhooks_ui.egress.target_url import MESSAGES, Target, TargetError, parse, take_userinfo


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://crm.example/hook", "https://crm.example/hook"),
        ("  HTTPS://CRM.Example/Hook \n", "https://crm.example/Hook"),
        ("https://crm.example", "https://crm.example/"),
        ("https://crm.example?x=1", "https://crm.example/?x=1"),
        ("https://crm.example/a#part", "https://crm.example/a"),
        ("https://crm.example:443/", "https://crm.example/"),
        ("http://crm.example:80/", "http://crm.example/"),
        ("http://crm.example:443/", "http://crm.example:443/"),
        ("http://crm.example:/", "http://crm.example/"),
        ("http://crm.example:08080/", "http://crm.example:8080/"),
        ("https://crm.example./", "https://crm.example./"),
        ("https://CRM.example.:8443", "https://crm.example.:8443/"),
        ("https://приклад。укр。/", "https://xn--80aikifvh.xn--j1amh./"),
        ("http://127.0.0.1./", "http://127.0.0.1/"),
        ("https://bücher.example/ä?q=ö", "https://xn--bcher-kva.example/%C3%A4?q=%C3%B6"),
        ("https://приклад。укр/", "https://xn--80aikifvh.xn--j1amh/"),
        ("https://crm.example/{id}/100%", "https://crm.example/%7Bid%7D/100%25"),
        ("https://crm.example/a%2Fb%20c", "https://crm.example/a%2Fb%20c"),
        ("http://web_1:8000/", "http://web_1:8000/"),
        ("http://203.0.113.7/", "http://203.0.113.7/"),
        ("http://[2001:DB8:0::1]:8080/", "http://[2001:db8::1]:8080/"),
    ],
)
def test_a_url_is_normalised(text: str, url: str) -> None:
    assert parse(text).url == url


def test_the_parts_of_a_target() -> None:
    assert parse("https://[2001:db8::1]:8443/a?b") == Target(
        url="https://[2001:db8::1]:8443/a?b",
        scheme="https",
        host="2001:db8::1",
        lookup="2001:db8::1",
        port=8443,
        is_literal_ip=True,
        authority="[2001:db8::1]:8443",
        path="/a?b",
    )
    assert not parse("https://crm.example").is_literal_ip


def test_a_dot_at_the_end_is_for_the_look_up_alone() -> None:
    """As for curl: it stands in no SNI, Host or certificate (RFC 6066 section 3)."""
    target = parse("https://crm.example.:8443/")
    assert (target.lookup, target.host) == ("crm.example.", "crm.example")
    assert target.authority == "crm.example:8443"
    assert parse(target.url) == target


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("crm.example/hook", "scheme"),
        ("ftp://crm.example/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("//crm.example/", "scheme"),
        ("https:/crm.example/", "scheme"),
        ("https://crm.example/" + "a" * 2048, "length"),
        ("https://crm.example/" + "ä" * 1000, "length"),
        ("https://crm.example/a b", "characters"),
        ("https://crm.example/a\nb", "characters"),
        ("https://crm.example/\x00", "characters"),
        ("https://crm.example/\x7f", "characters"),
        ("https://crm.example/\u202e", "characters"),
        ("https://crm\u200b.example/", "characters"),
        ("https://crm\u3000.example/", "characters"),
        ("https://crm.example/\ud800", "characters"),
        ("https://crm.example\\@evil.example/", "characters"),
        ("https://user@crm.example/", "userinfo"),
        ("https://user:secret@crm.example/", "userinfo"),
        ("https://@crm.example/", "userinfo"),
        ("https://a@b@crm.example/", "userinfo"),
        ("https:///path", "host"),
        ("https://:443/", "host"),
        ("https://.crm.example/", "host"),
        ("https://crm..example/", "host"),
        ("https://crm.example../", "host"),
        ("https://-crm.example/", "host"),
        ("https://crm%2eexample/", "host"),
        ("https://crm!.example/", "host"),
        ("https://crm＠evil.example/", "host"),
        ("https://crm／evil.example/", "host"),
        ("https://[::1/", "host"),
        ("https://[::1]x/", "host"),
        ("https://[::1]]/", "host"),
        ("https://[fe80::1%25eth0]/", "host"),
        ("https://[v1.a]/", "host"),
        ("https://" + "a" * 64 + ".example/", "host_length"),
        ("https://" + "ä" * 60 + ".example/", "host_length"),
        ("https://" + "a." * 127 + "example/", "host_length"),
        ("http://0x7f.1/", "number_host"),
        ("http://2130706433/", "number_host"),
        ("http://0177.0.0.1/", "number_host"),
        ("http://127.1/", "number_host"),
        ("http://0x7f000001/", "number_host"),
        ("http://127.0.0.1.1/", "number_host"),
        ("http://256.0.0.1/", "number_host"),
        ("http://crm.example.0x/", "number_host"),
        ("http://１２７.１/", "number_host"),
        ("http://127。1/", "number_host"),
        ("https://crm.example:0/", "port"),
        ("https://crm.example:65536/", "port"),
        ("https://crm.example:-1/", "port"),
        ("https://crm.example:+80/", "port"),
        ("https://crm.example:٨٠/", "port"),
        ("https://crm.example:" + "9" * 1000 + "/", "port"),
        ("https://::1/", "host"),
    ],
)
def test_a_url_that_breaks_a_rule_is_refused_with_its_code(text: str, code: str) -> None:
    with pytest.raises(TargetError) as caught:
        parse(text)
    assert caught.value.code == code
    assert str(caught.value.message) == str(MESSAGES[code])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://user:pass@crm.example/a?b", ("https://crm.example/a?b", "user", "pass")),
        (" https://user@crm.example:8/", ("https://crm.example:8/", "user", "")),
        ("https://u%40x:p%3A%C3%A4@crm.example", ("https://crm.example", "u@x", "p:ä")),
        ("https://u:a:b@crm.example/", ("https://crm.example/", "u", "a:b")),
        ("https://u:a@b@crm.example/", ("https://crm.example/", "u", "a@b")),
        ("https://crm.example/@team?x=a@b", None),
        ("ftp://user:pass@crm.example/", None),
        ("user:pass@crm.example", None),
    ],
)
def test_login_and_password_are_taken_out_of_a_url(
    text: str, parts: tuple[str, str, str] | None
) -> None:
    assert take_userinfo(text) == parts


_PLAIN_PIECES = [
    "http://",
    "https://",
    "HTTP:",
    "//",
    "/",
    "\\",
    "@",
    ":",
    "::",
    "[",
    "]",
    "%",
    "%41",
    "#",
    "?",
    ".",
    "。",
    "..",
    "-",
    "_",
    "127",
    "0x7f",
    "1",
    "１",
    "a",
    "xn--",
    "crm.example",
    "ä",
    "80",
    "99999",
    "ß",
    "ı",
    "＠",
    "／",
    "[::1]",
    "[::ffff:1.2.3.4]",
]
_PIECES = st.sampled_from([*_PLAIN_PIECES, "\t", "\n", " ", "\x00", "\u200b"])
_TEXTS = st.one_of(
    st.text(),
    st.text().map("http://".__add__),
    st.text(max_size=8).map(lambda text: f"https://crm{text}.example/"),
    st.lists(_PIECES, max_size=12).map("".join),
    st.lists(_PIECES, max_size=12).map(lambda pieces: "http://" + "".join(pieces)),
)


def _parsed(text: str) -> Target | None:
    try:
        return parse(text)
    except TargetError:
        return None


@settings(deadline=None)
@given(_TEXTS)
@example("http://１２７.0.0.1:80#@evil.example")
def test_an_accepted_url_is_ascii_and_stable(text: str) -> None:
    target = _parsed(text)
    if target is None:
        return
    assert parse(target.url) == target
    assert target.url.isascii()
    assert target.url.isprintable()
    assert not set(target.url) & set(' \\#<>"')
    assert "@" not in target.authority
    assert len(target.url) <= 2048
    assert 1 <= target.port <= 65535


@settings(deadline=None)
@given(_TEXTS)
def test_all_parsers_see_the_same_host_and_port(text: str) -> None:
    target = _parsed(text)
    if target is None:
        return
    by_urllib = urlsplit(target.url)
    by_requests = urlsplit(requests.Request("POST", target.url).prepare().url)
    for parts in (by_urllib, by_requests):
        assert parts.scheme == target.scheme
        assert parts.hostname == target.host
        assert (parts.port or {"http": 80, "https": 443}[target.scheme]) == target.port
        assert parts.username is parts.password is None


@settings(deadline=None)
@given(_TEXTS)
def test_a_host_of_digits_is_an_ip_address_in_its_one_form(text: str) -> None:
    target = _parsed(text)
    if target is None:
        return
    last = target.host.rpartition(".")[2]
    if target.is_literal_ip:
        kind = IPv6Address if ":" in target.host else IPv4Address
        assert str(kind(target.host)) == target.host
    else:
        assert not last.isdigit()
        assert not last.startswith("0x") or not all(c in "0123456789abcdef" for c in last[2:])


@settings(deadline=None)
@given(_TEXTS)
def test_taking_userinfo_out_leaves_none(text: str) -> None:
    taken = take_userinfo(text)
    if taken is not None:
        assert take_userinfo(taken[0]) is None


@pytest.mark.parametrize(
    ("host", "ascii_host"),
    [
        ("ім_я.example", "xn--_-wtb2dza.example"),
        ("a--b.приклад.example", "a--b.xn--80aikifvh.example"),
        ("☃.example", "xn--n3h.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("ПРИКЛАД。example", "xn--80aikifvh.example"),
    ],
)
def test_a_host_is_written_in_ascii_as_browsers_do(host: str, ascii_host: str) -> None:
    assert parse(f"https://{host}/").host == ascii_host
    assert parse(f"https://{ascii_host}/").host == ascii_host


@pytest.mark.parametrize("host", ["\u0301a.example", "אבa.example", "a\u200dї.example"])
def test_a_host_that_browsers_refuse_is_refused(host: str) -> None:
    with pytest.raises(TargetError):
        parse(f"https://{host}/")
