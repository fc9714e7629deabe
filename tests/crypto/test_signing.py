"""Signatures, judged by the official package of the Standard Webhooks specification."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from webhooks_ui.crypto import signing

BODY = '{"type":"message_created","data":{"content":"Добрий день"}}'.encode()


def now() -> int:
    return int(time.time())


def test_the_example_of_the_specification() -> None:
    header = signing.sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
    )
    assert header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_new_secret_is_32_random_bytes() -> None:
    secret = signing.new_secret()
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert signing.new_secret() != secret
    assert signing.is_secret(secret)


def test_the_official_package_accepts_our_headers() -> None:
    secret = signing.new_secret()
    headers = dict(signing.headers([secret], "evt_1", now(), BODY))
    assert Webhook(secret).verify(BODY, headers)["type"] == "message_created"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers)


def test_during_a_rotation_both_secrets_verify() -> None:
    new, old = signing.new_secret(), signing.new_secret()
    headers = dict(signing.headers([new, old], "evt_1", now(), BODY))
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (new, old):
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.new_secret()).verify(BODY, headers)


def test_verify_accepts_what_the_official_package_signs() -> None:
    from datetime import UTC, datetime

    secret, moment = signing.new_secret(), now()
    header = Webhook(secret).sign("evt_1", datetime.fromtimestamp(moment, UTC), BODY.decode())
    assert signing.verify(secret, "evt_1", moment, BODY, header)
    assert signing.verify(secret, "evt_1", moment, BODY, f"v1,AAAA v1a,zzz {header}")


def test_verify_refuses_every_change() -> None:
    secret = signing.new_secret()
    header = signing.sign([secret], "evt_1", 1_000, BODY)
    assert not signing.verify(signing.new_secret(), "evt_1", 1_000, BODY, header)
    assert not signing.verify(secret, "evt_2", 1_000, BODY, header)
    assert not signing.verify(secret, "evt_1", 1_001, BODY, header)
    assert not signing.verify(secret, "evt_1", 1_000, BODY[:-1], header)
    assert not signing.verify(secret, "evt_1", 1_000, BODY, header.removeprefix("v1,"))


@given(header=st.text(max_size=200))
def test_verify_takes_any_header(header: str) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert not signing.verify(secret, "evt_1", 1_000, BODY, header)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_***", "кирилиця", "whsec_MfK"])
def test_malformed_secrets_are_recognized(text: str) -> None:
    assert not signing.is_secret(text)


@given(message_id=st.from_regex(r"\A[a-z0-9_]{1,40}\Z"), body=st.binary(max_size=500))
def test_every_signature_verifies(message_id: str, body: bytes) -> None:
    secret = signing.new_secret()
    header = signing.sign([secret], message_id, 1_700_000_000, body)
    assert signing.verify(secret, message_id, 1_700_000_000, body, header)
