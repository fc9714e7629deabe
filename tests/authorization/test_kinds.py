"""Authorizations: the header each becomes, what is tidied, and what is refused with which words."""

import base64
import string
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from webhooks_ui.authorization.base import MASK, Authorization, Header
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.authorization.custom import Custom
from webhooks_ui.authorization.header_rules import is_owned
from webhooks_ui.authorization.hmac import ALGORITHMS, ENCODINGS, Hmac
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.sources.chatwoot import Chatwoot

TOKEN_CHARACTERS = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
PLAIN = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=80)
ANY = st.text(max_size=80)
OWNED = [
    "Host",
    "content-length",
    "Content-Type",
    "Transfer-Encoding",
    "TE",
    "Connection",
    "Keep-Alive",
    "Trailer",
    "Upgrade",
    "Via",
    "Expect",
    "Date",
    "Set-Cookie",
    "Accept-Encoding",
    "User-Agent",
    "webhook-id",
]
AUTHORIZATIONS = st.one_of(
    st.just(NoAuthorization()),
    st.builds(Bearer, ANY),
    st.builds(Basic, ANY, ANY),
    st.builds(Custom, ANY, ANY),
    st.builds(Hmac, ANY, ANY, st.sampled_from(ALGORITHMS), st.sampled_from(ENCODINGS), ANY, ANY),
)
RFC_4231 = (
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
)
GITHUB = Hmac("X-Hub-Signature-256", "It's a secret", "sha256", "hex", "sha256=", "")
HMAC_FIELDS = [one.form_name for one in Hmac.inputs()]


def words(auth: Authorization) -> dict[str, str]:
    return {name: str(problem) for name, problem in auth.problems().items()}


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (NoAuthorization(), ()),
        (Bearer("abc"), (("Authorization", "Bearer abc"),)),
        # RFC 7617 §2 and §2.1, its own two examples.
        (
            Basic("Aladdin", "open sesame"),
            (("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),),
        ),
        (Basic("test", "123\u00a3"), (("Authorization", "Basic dGVzdDoxMjPCow=="),)),
        (Custom("X-Api-Key", "k 1"), (("X-Api-Key", "k 1"),)),
        # GitHub's documentation, "Testing the webhook payload validation".
        (
            replace(GITHUB, secret="It's a Secret to Everybody"),
            (
                (
                    "X-Hub-Signature-256",
                    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
                ),
            ),
        ),
        # RFC 2202 section 3, test case 2, and RFC 4231 section 4.3 in base64.
        (
            Hmac("X-Sig", "Jefe", "sha1", "hex", "HMAC ", ""),
            (("X-Sig", "HMAC effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),),
        ),
        (
            Hmac("X-Sig", "Jefe", "sha512", "base64", "", ""),
            (
                (
                    "X-Sig",
                    base64.b64encode(bytes.fromhex(RFC_4231)).decode(),
                ),
            ),
        ),
    ],
)
def test_each_kind_is_its_headers(auth: Authorization, expected: tuple[Header, ...]) -> None:
    body = (
        b"what do ya want for nothing?"
        if getattr(auth, "secret", "") == "Jefe"
        else b"Hello, World!"
    )
    assert auth.headers(0, body) == expected


def test_an_hmac_of_chatwoots_kind_is_what_the_source_takes() -> None:
    names = "X-Chatwoot-Signature", "X-Chatwoot-Timestamp"
    auth = Hmac(names[0], "c-secret", "sha256", "hex", "sha256=", names[1])
    headers = Headers(list(auth.headers(1769000100, b'{"a": 1}')))
    assert Chatwoot().signature("c-secret", headers, b'{"a": 1}') == "valid"


def test_masks_show_kind_and_name_but_no_secret() -> None:
    assert NoAuthorization().masked() == GITHUB.masked() == {}
    assert Bearer("abc").masked() == {"Authorization": f"Bearer {MASK}"}
    assert Basic("u", "p").masked() == {"Authorization": f"Basic {MASK}"}
    assert Custom("X-Api-Key", "abc").masked() == {"X-Api-Key": MASK}


def test_secrets_do_not_show_in_a_representation() -> None:
    shown = repr(
        [
            Bearer("hunter2"),
            Basic("ann", "hunter2"),
            Custom("X-Key", "hunter2"),
            replace(GITHUB, secret="hunter2"),
        ]
    )
    assert "hunter2" not in shown
    assert "ann" in shown


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (Bearer("  abc \n"), Bearer("abc")),
        (Bearer("Bearer abc"), Bearer("abc")),
        (Bearer("bearer  bearer abc"), Bearer("abc")),
        (Bearer("Authorization: Bearer abc"), Bearer("abc")),
        (Bearer("Bearer"), Bearer("")),
        (Bearer("bearer-of-news"), Bearer("bearer-of-news")),
        (Bearer("my bearer abc"), Bearer("my bearer abc")),
        (Basic(" ann ", " p w "), Basic(" ann ", " p w ")),
        (Basic("и\u0306", "и\u0306"), Basic("й", "й")),
        (Basic("ﬁ", "²"), Basic("ﬁ", "²")),
        (Custom(" X-Key: ", " v "), Custom("X-Key", "v")),
        (Custom("X-Key: abc:d", ""), Custom("X-Key", "abc:d")),
        (NoAuthorization(), NoAuthorization()),
        (
            Hmac(" X-S ", " s ", "sha1", "hex", " HMAC ", " "),
            Hmac("X-S", "s", "sha1", "hex", "HMAC ", ""),
        ),
    ],
)
def test_what_was_pasted_is_tidied(typed: Authorization, meant: Authorization) -> None:
    assert typed.tidied() == meant


@pytest.mark.parametrize(
    ("auth", "fields"),
    [
        (NoAuthorization(), set()),
        (Bearer("abc"), set()),
        (Bearer(""), {"auth_token"}),
        (Basic("", ""), {"auth_login"}),
        (Basic(" ", "\t"), {"auth_login", "auth_password"}),
        (Basic("sk-live-7f3a", ""), set()),  # RFC 7617: either may be empty
        (Basic("", "p"), set()),
        (Basic("a:b", "p"), {"auth_login"}),
        (Basic("Олена", "пароль: ✓"), set()),
        (Basic("ann", "tab\there"), {"auth_password"}),
        (Basic("ann\x85", "p"), {"auth_login"}),
        (Basic("ann", "\ud800"), {"auth_password"}),
        (Custom("", ""), {"auth_header_name", "auth_header_value"}),
        (Custom("Authorization", "Token abc"), set()),
        (Custom("Cookie", "session=1"), set()),
        (Custom("api_key", "1"), set()),
        (Custom("X Key", "1"), {"auth_header_name"}),
        (Custom("Ключ", "1"), {"auth_header_name"}),
        (Custom("X-Key:", "1"), {"auth_header_name"}),
        (Custom("X-Key", "a\r\nHost: evil"), {"auth_header_value"}),
        (Custom("X-Key", "ключ"), {"auth_header_value"}),
        (Custom("X-Key", "a\tb"), {"auth_header_value"}),
        (Bearer("a\x1fb"), {"auth_token"}),
        (Bearer("a\x7fb"), {"auth_token"}),
        (Custom("X-" + "k" * 254, "v" * 16384), set()),
        (Custom("X-" + "k" * 255, "v" * 16385), {"auth_header_name", "auth_header_value"}),
        (GITHUB, set()),
        (Hmac("", "", "md5", "utf-8", "ключ", "X Y"), set(HMAC_FIELDS)),
        (replace(GITHUB, timestamp_header="x-hub-SIGNATURE-256"), {"auth_hmac_timestamp_header"}),
        (replace(GITHUB, header_name="webhook-signature"), {"auth_hmac_header_name"}),
        (Bearer("t" * 16384), set()),
        (Bearer("t" * 16385), {"auth_token"}),
        (Basic("l" * 4097, "p" * 4097), {"auth_login", "auth_password"}),
    ],
)
def test_problems_stand_at_their_fields(auth: Authorization, fields: set[str]) -> None:
    assert set(auth.problems()) == fields


@pytest.mark.parametrize(
    "name",
    [*OWNED, "Transfer_Encoding", "webhook_id", "Webhook-Signature", "Proxy-Authorization"],
)
def test_names_that_http_or_we_own_are_refused(name: str) -> None:
    assert "is set by HTTP or by this program" in words(Custom(name, "1"))["auth_header_name"]


def test_the_words_tell_which_character_and_not_the_secret() -> None:
    assert words(Bearer("hunter2“"))["auth_token"].startswith("Character 8 cannot travel")
    assert words(Basic("ann", "hunter2\n"))["auth_password"].startswith("Character 8 is a control")
    assert "hunter2" not in str(words(Bearer("hunter2“")) | words(Basic("ann", "hunter2\n")))


@given(login=PLAIN.filter(lambda text: ":" not in text), password=PLAIN)
def test_basic_decodes_to_login_and_password(login: str, password: str) -> None:
    auth = Basic(login, password)
    assert auth.problems() == {}
    ((_name, value),) = auth.headers(0, b"")
    assert value.isascii()
    decoded = base64.b64decode(value.removeprefix("Basic "), validate=True).decode()
    assert decoded.partition(":") == (login, ":", password)


@given(name=st.text(TOKEN_CHARACTERS, min_size=1, max_size=60), value=VISIBLE)
def test_every_token_that_nobody_owns_is_a_header_name(name: str, value: str) -> None:
    found = Custom(name, value).problems()
    assert set(found) == ({"auth_header_name"} if is_owned(name) else set())


@given(name=st.text(min_size=1, max_size=40))
def test_no_name_with_another_character_is(name: str) -> None:
    if set(name) - set(TOKEN_CHARACTERS):
        assert "auth_header_name" in Custom(name, "v").problems()


@given(auth=AUTHORIZATIONS)
def test_an_accepted_header_breaks_no_line(auth: Authorization) -> None:
    for name, value in () if auth.problems() else auth.headers(0, b""):
        assert set(name) <= set(TOKEN_CHARACTERS)
        assert all(0x20 <= ord(character) <= 0x7E for character in value)


@given(auth=AUTHORIZATIONS)
def test_tidying_twice_changes_nothing_more(auth: Authorization) -> None:
    assert auth.tidied().tidied() == auth.tidied()


@given(password=PLAIN)
def test_a_tidied_password_is_composed(password: str) -> None:
    tidied = Basic("ann", password).tidied()
    assert unicodedata.is_normalized("NFC", tidied.password)
