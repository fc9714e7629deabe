"""The order of names, and what is the same to whoever searches."""

import pytest

from webhooks_ui.text.folding import folded
from webhooks_ui.text.sort_key import MOST_BYTES, sort_key

ALPHABET = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"


def test_every_letter_and_pair_of_letters_stands_in_the_order_of_the_alphabet() -> None:
    pairs = [first + second for first in ALPHABET for second in ALPHABET]
    assert sorted(pairs, key=sort_key) == pairs
    capitals = [letter.upper() + "а" for letter in ALPHABET]
    assert sorted(capitals, key=sort_key) == capitals


def test_names_of_several_kinds() -> None:
    names = ["🌻 Соняшник", "2 склад", "CRM", "Zapier", "Гірка", "Ґанок", "Еней", "Єдина"]
    names += ["Ілля", "Їжак", "Йорж", "обабіч", "об'єкт", "обрій"]
    assert sorted(names, key=sort_key) == names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("М'ята", "м’ята"),
        ("мʼята", "м’ята"),
        ("Йорж", "Й\u043eрж".replace("Й", "И\u0306")),
        ("Їжак", "І\u0308жак"),
        ("CRM\u00a05", "crm 5"),
        ("👩‍💻", "👩💻"),
        ("Stra\u00dfe", "STRASSE"),
    ],
)
def test_what_people_do_not_tell_apart_is_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)
    assert sort_key(one) == sort_key(other)


def test_a_key_is_bounded_whatever_the_name() -> None:
    for name in ("", "й" * 200, "\u0301" * 200, "漢" * 200, "🫩" * 200):
        assert len(sort_key(name)) <= MOST_BYTES
