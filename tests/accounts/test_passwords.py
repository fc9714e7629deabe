"""Which passwords are accepted, and how they are kept."""

import unicodedata
from unittest.mock import Mock

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from webhooks_ui.accounts import passwords

GOOD = "лагідний бобер 7"
HASHER, UNMATCHED = passwords._hasher, passwords._UNMATCHED


@pytest.fixture
def product_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes as the product makes them, which other tests do not wait for."""
    monkeypatch.setattr(passwords, "_hasher", HASHER)
    monkeypatch.setattr(passwords, "_UNMATCHED", UNMATCHED)


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "qwertyuiop12",
        "123456789012",
        "aaaaaaaaaaaa",
        "admin admin 12",
        "letmeinletmein",
        "йцукенгшщзхї",
        "ЙЦУКЕНйцукен",
        "пароль123456",
        "Слава Україні",
        "webhooks-ui-1",
        "letmein12345!",
        "!!2024 Letmein 2024!!",
        "correcthorsebatterystaple",
        "CorrectHorseBatteryStaple1",
        "слава україні!!",
        "Слава Україні 2022!",
        "12345йцукен!!",
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    assert "easy to guess" in str(passwords.problem(password))


@pytest.mark.parametrize(
    "password", ["olena.koval1", "Olena.Koval!1", "olena.kovalolena.koval", "1olena.koval2"]
)
def test_the_login_is_no_password(password: str) -> None:
    assert "easy to guess" in str(passwords.problem(password, "olena.koval"))


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "correct horse battery",
        "correct horse battery staple",
        "letmein, said the otter",
        "x7!Kq92#mZp0",
        "🦔🦔🌊 їжак у морі",
    ],
)
def test_others_are_accepted(password: str) -> None:
    assert passwords.problem(password, "olena.koval") is None


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (0, "at least 12"),
        (11, "at least 12"),
        (12, None),
        (128, None),
        (256, None),
        (257, "at most"),
    ],
)
def test_length_is_counted_in_characters(length: int, words: str | None) -> None:
    text = "".join(chr(0x430 + n * n * 5 % 31) for n in range(length))
    problem = passwords.problem(text)
    assert (words in str(problem)) if words else problem is None


@pytest.mark.usefixtures("product_hashes")
def test_a_hash_is_argon2id_with_enough_memory() -> None:
    parameters = extract_parameters(passwords.hash_password(GOOD))
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 47 * 1024
    assert passwords.hash_password(GOOD) != passwords.hash_password(GOOD)


def test_only_the_password_fits_its_hash() -> None:
    kept = passwords.hash_password(GOOD)
    assert passwords.verify(kept, GOOD)
    for other in ("", GOOD + " ", GOOD.upper(), GOOD[:-1], GOOD * 200):
        assert not passwords.verify(kept, other)


def test_the_keyboard_does_not_matter() -> None:
    kept = passwords.hash_password("їжак йде додому")
    assert passwords.verify(kept, unicodedata.normalize("NFD", "їжак йде додому"))
    assert passwords.verify(kept, "їжак\u00a0йде\u2009додому")


def test_a_broken_terminal_makes_no_error() -> None:
    odd = "довгий пароль \udcff"
    assert passwords.verify(passwords.hash_password(odd), odd)


@pytest.mark.usefixtures("product_hashes")
def test_a_login_that_nobody_has_costs_the_same_and_fits_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hasher = Mock(wraps=passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    assert not passwords.verify(None, GOOD)
    stand_in = hasher.verify.call_args.args[0]
    assert extract_parameters(stand_in) == extract_parameters(passwords.hash_password(GOOD))


@pytest.mark.usefixtures("product_hashes")
def test_a_hash_of_former_parameters_is_outdated() -> None:
    former = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    assert passwords.is_outdated(former)
    assert passwords.verify(former, GOOD)
    assert not passwords.is_outdated(passwords.hash_password(GOOD))


def test_what_is_no_hash_fits_nothing() -> None:
    assert not passwords.verify("-", GOOD)
