"""Secrets at rest: only the right key and the right place open them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.crypto import passphrase
from webhooks_ui.crypto.vault import Vault, VaultError

OLD, NEW = b"o" * 32, b"n" * 32


@given(text=st.text(), context=st.text(max_size=40))
def test_what_goes_in_comes_out(text: str, context: str) -> None:
    vault = Vault([NEW])
    assert vault.decrypt(vault.encrypt(text, context), context) == text


def test_a_token_has_version_key_id_and_no_text() -> None:
    token = Vault([NEW]).encrypt("top secret", "webhook:1")
    version, key_id, payload = token.split(".")
    assert version == "v1"
    assert len(key_id) == 8
    assert "=" not in payload
    raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    assert len(raw) == 12 + len("top secret") + 16
    assert b"secret" not in raw


def test_the_same_text_gives_another_token_each_time() -> None:
    vault = Vault([NEW])
    assert len({vault.encrypt("same", "x") for _ in range(20)}) == 20


def test_rotation_reads_the_old_and_writes_the_new() -> None:
    before, during, after = Vault([OLD]), Vault([NEW, OLD]), Vault([NEW])
    token = before.encrypt("secret", "x")
    assert during.decrypt(token, "x") == "secret"
    fresh = during.encrypt("secret", "x")
    assert after.decrypt(fresh, "x") == "secret"
    with pytest.raises(VaultError, match="not among the encryption keys"):
        after.decrypt(token, "x")


def test_another_context_does_not_open() -> None:
    vault = Vault([NEW])
    with pytest.raises(VaultError):
        vault.decrypt(vault.encrypt("secret", "webhook:1"), "webhook:2")


def test_any_change_to_the_ciphertext_is_found() -> None:
    vault = Vault([NEW])
    version, key_id, payload = vault.encrypt("secret", "x").split(".")
    raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        token = f"{version}.{key_id}.{base64.urlsafe_b64encode(changed).decode()}"
        with pytest.raises(VaultError):
            vault.decrypt(token, "x")


@given(junk=st.text(max_size=80))
def test_junk_is_refused_as_such(junk: str) -> None:
    vault = Vault([NEW])
    key_id = vault.encrypt("", "").split(".")[1]
    for token in (junk, f"v1.{key_id}.{junk}"):
        with pytest.raises(VaultError):
            vault.decrypt(token, "x")


@pytest.mark.parametrize("keys", [[], [b"short"], [NEW, b""]])
def test_a_vault_needs_whole_keys(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(keys)


COST = passphrase._COST


def test_a_key_from_a_passphrase_costs_what_owasp_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MiB, two times: the key is what hashlib.scrypt makes with n=2**16, r=8, p=2."""
    monkeypatch.setattr(passphrase, "_COST", COST)  # which other tests do not wait for
    key = bytes.fromhex("a05a9b0759bc56bdd726c8f77aecd7eecdc0376dc5e862d02114cd9f108b4460")
    token = passphrase.again("five lanterns", "AAECAwQFBgcICQoLDA0ODw==").encrypt("kept", "x")
    assert Vault([key]).decrypt(token, "x") == "kept"


def test_keys_come_from_passphrases_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 64 MB while it is made."""
    held = []

    class Watched:
        def __init__(self, *_: object, **__: object) -> None:
            """Takes what Scrypt takes."""

        def derive(self, _passphrase: bytes) -> bytes:
            held.append(passphrase._one_at_a_time.locked())
            return bytes(32)

    monkeypatch.setattr(passphrase, "Scrypt", Watched)
    passphrase.new("five lanterns")
    assert held == [True]
    assert not passphrase._one_at_a_time.locked()
