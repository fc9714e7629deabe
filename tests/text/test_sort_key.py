"""The order of names, and what is the same to whoever searches."""

from typing import Any

import pytest
from pyuca import Collator
from pyuca.trie import Trie

from webhooks_ui.text import sort_key as own
from webhooks_ui.text.folding import folded
from webhooks_ui.text.sort_key import MAX_KEY_BYTES, sort_key

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
        assert len(sort_key(name)) <= MAX_KEY_BYTES


NAMES = [
    *("Підтримка клієнтів — №\u00a05", "🌻 Сонях", "Stra\u00dfe", "漢字 かな", "\U00017000 Tangut"),
    *("й и\u0306 и\u0323\u0306", "\u0e40\u0e01 \u0fb2\u0f71\u0f80", "l\u00b7l", "\ue000\U0001faff"),
]


def test_of_the_table_only_what_names_need_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the write lock: the first channel would wait for all 30,000 lines of it."""
    lines: list[Any] = []
    add = Trie.add

    def counted(self: Any, key: Any, value: Any) -> None:
        lines.append(key)
        add(self, key, value)

    monkeypatch.setattr(Trie, "add", counted)
    own._collator.cache_clear()
    assert sort_key("Kyiv") < sort_key("Запоріжжя")
    assert 0 < len(lines) < 200
    lines.clear()
    sort_key("Запоріжжя, Kyiv")
    assert [key for key in lines if key[0] > ord(" ")] == [[ord(",")]]


def test_a_key_is_as_from_the_whole_table() -> None:
    whole = Collator()
    own._collator.cache_clear()
    for name in NAMES:
        weights = whole.sort_key(folded(name))
        assert sort_key(name) == b"".join(one.to_bytes(2, "big") for one in weights), name
