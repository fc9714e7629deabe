"""Secrets that a receiver echoes are taken out, in whatever form they come back."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.authorization.base import MASK, Authorization
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.authorization.custom import Custom
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.authorization.redaction import redact

TOKEN = "sk/live+7f3a\"<&'=="
PASSWORD = 'пароль "✓"/<b>&+'


def clean(text: str, auth: Authorization) -> str:
    return redact(text.encode(), auth).decode()


def echoes(secret: str) -> list[str]:
    """The secret as other programs write it."""
    dumped, ascii_dumped = (json.dumps(secret, ensure_ascii=each)[1:-1] for each in (False, True))
    return [
        secret,
        dumped,
        ascii_dumped,
        ascii_dumped.replace("/", "\\/"),  # PHP
        "".join(f"\\u{ord(c):04x}" if c in "<>&" else c for c in dumped),  # Go
        quote(secret),
        quote(secret, safe=""),
        re.sub("%..", lambda escape: escape[0].lower(), quote(secret)),
        quote_plus(secret),
        urlencode({"": secret})[1:],
        html.escape(secret),
        html.escape(secret, quote=False),
        html.escape(secret).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    ]


@pytest.mark.parametrize(
    ("auth", "secret"),
    [
        (Bearer(TOKEN), TOKEN),
        (Basic("Олена", PASSWORD), PASSWORD),
        (Custom("X-Api-Key", TOKEN), TOKEN),
        (Custom("Authorization", f"Token {TOKEN}"), TOKEN),
    ],
)
def test_every_form_of_the_secret_goes(auth: Authorization, secret: str) -> None:
    for echo in echoes(secret):
        assert clean(f"before {echo} after {echo}", auth) == f"before {MASK} after {MASK}"


@pytest.mark.parametrize("secret", [TOKEN, PASSWORD, "plain-token_1234", "four"])
def test_a_secret_that_is_escaped_twice_goes(secret: str) -> None:
    for once in echoes(secret):
        for echo in echoes(once):
            assert clean(f"before {echo} after", Bearer(secret)) == f"before {MASK} after"


@pytest.mark.parametrize("secret", [TOKEN, PASSWORD, "plain-token_1234", "four"])
@pytest.mark.parametrize("before", [b"", b"a", b"ab", b'{"Authorization": "Bearer '])
def test_a_secret_within_base64_goes(secret: str, before: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        cleaned = redact(encode(before + secret.encode() + b'"}'), Bearer(secret))
        assert MASK.encode() in cleaned
        left = cleaned.replace(MASK.encode(), b"")
        assert len(left) <= len(encode(before + b'"}')) + 4


@pytest.mark.parametrize("secret", [TOKEN, PASSWORD, "plain-token_1234"])
def test_a_secret_in_hexadecimal_digits_goes(secret: str) -> None:
    digits = secret.encode().hex()
    assert clean(f"00{digits}ff", Bearer(secret)) == f"00{MASK}ff"
    assert clean(f"00{digits.upper()}FF", Bearer(secret)) == f"00{MASK}FF"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_secret_in_utf_16_goes(encoding: str) -> None:
    for secret in (TOKEN, PASSWORD, "plain-token_1234"):
        data = redact(f"до {secret} після".encode(encoding), Bearer(secret))
        assert secret.encode(encoding)[1:-1] not in data
        assert len(data) >= len(f"до {MASK} після".encode(encoding))


@pytest.mark.parametrize(
    "auth", [Bearer(TOKEN), Basic("Олена", PASSWORD), Custom("X-Api-Key", TOKEN)]
)
def test_the_echoed_header_has_no_secret(auth: Authorization) -> None:
    ((name, value),) = auth.headers(0, b"")
    for text in (f"{name}: {value}", json.dumps({name: value}), quote(value), html.escape(value)):
        cleaned = clean(text, auth)
        assert MASK in cleaned
        assert value.split(" ")[-1] not in cleaned


def test_the_basic_pair_goes_where_its_base64_is_escaped() -> None:
    auth = Basic("a", "~~~?>>")
    pair = base64.b64encode(b"a:~~~?>>").decode()
    assert "+" in pair
    for echo in (pair, pair.replace("/", "\\/").replace("+", "\\u002B"), quote(pair, safe="")):
        assert clean(f"<{echo}>", auth) == f"<{MASK}>"


def test_a_longer_form_goes_before_the_shorter_one_within_it() -> None:
    assert clean(json.dumps("ends in \\abcd\\"), Bearer("abcd\\")) == f'"ends in \\\\{MASK}"'


def test_a_basic_header_given_as_custom_hides_its_password() -> None:
    auth = Custom("Authorization", "Basic " + base64.b64encode(b"ann:hunter22").decode())
    assert clean("ann logged in with hunter22", auth) == f"ann logged in with {MASK}"
    assert clean("x", Custom("Authorization", "Basic %%%")) == "x"


@pytest.mark.parametrize("auth", [Bearer("0123456789"), Custom("X-Key", "0123456789")])
def test_a_secret_that_the_end_cuts_off_goes_from_four_bytes_on(auth: Authorization) -> None:
    for length in range(4, 11):
        assert clean("token=" + "0123456789"[:length], auth) == f"token={MASK}"
    assert clean("token=012", auth) == "token=012"
    assert clean("0123 and on", auth) == "0123 and on"


def test_a_cut_within_a_character_or_an_escape_leaves_nothing() -> None:
    auth = Basic("ann", "пароль12")
    raw = "пароль12".encode()
    assert redact(b"x " + raw[:5], auth) == f"x {MASK}".encode()
    assert clean("x " + json.dumps("пароль12")[1:20], auth) == f"x {MASK}"


def test_a_repeated_beginning_does_not_hide_the_cut() -> None:
    assert clean("aaaaaaab", Bearer("aaaaabcd")) == f"aa{MASK}"


@pytest.mark.parametrize(
    ("auth", "text", "expected"),
    [
        (Bearer("abc"), "abc Authorization: Bearer abc", f"abc Authorization: Bearer {MASK}"),
        (Custom("X-Key", "1"), '1 x-key: 1 {"X-Key": "1"}', None),
        (Basic("a", "b"), "b a:b YTpi", f"b a:{MASK} {MASK}"),
    ],
)
def test_short_secrets_go_with_their_header_only(
    auth: Authorization, text: str, expected: str | None
) -> None:
    assert clean(text, auth) == (expected or f'1 x-key: {MASK} {{"X-Key": "{MASK}"}}')


def test_without_a_secret_nothing_changes() -> None:
    assert redact(b"\xff anything", NoAuthorization()) == b"\xff anything"


@given(
    secret=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=4, max_size=60),
    before=st.binary(max_size=40),
    after=st.binary(max_size=40),
)
def test_no_secret_survives(secret: str, before: bytes, after: bytes) -> None:
    data = before + secret.encode() + after
    assert secret.encode() not in redact(data, Bearer(secret))


@given(data=st.binary(max_size=200), secret=st.text(min_size=4, max_size=20))
def test_any_bytes_are_taken(data: bytes, secret: str) -> None:
    assert isinstance(redact(data, Custom("X-Key", secret)), bytes)
