"""CSV as spreadsheets open it."""

import csv
import io

import pytest

from webhooks_ui.text.spreadsheet import disarmed, file_name, rows

FORMULAS = (
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tx", " =1"),
    *("＝1+1", "＋1", "－1", "＠SUM(A1)", "﹢1", "﹣1", "﹦1", "−1"),
    *("\u200b=1", "\u200d\u2060＝1", "\ufeff=1", "\u00ad@x", "\u202e=1", "\u00a0=1", "\u3000+1"),
    *("\u200b\t=1", "\x00=1", "\x1f-1"),
)
PLAIN = ("", "CRM", "0=1", "'=1", "a\t=1", "(=1)", "Замовлення", "1-2", "*", "\u200b", "👍", "½")


@pytest.mark.parametrize("text", FORMULAS, ids=ascii)
def test_what_may_be_run_is_disarmed(text: str) -> None:
    assert disarmed(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN, ids=ascii)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert disarmed(text) == text


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_is_read_again(separator: str) -> None:
    record = {"name": "Склад; №1, «Львів»\n2", "test": True, "count": -3, "error": None}
    text = "".join(rows(list(record), [record] * 3000, separator))
    assert text.startswith(f"\ufeffname{separator}test{separator}")
    found = list(csv.DictReader(io.StringIO(text[1:]), delimiter=separator))
    expected = {"name": record["name"], "test": "true", "count": "-3", "error": ""}
    assert found == [expected] * 3000


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("deliveries", "2026-11-28"), "deliveries-2026-11-28.csv"),
        (("deliveries", "", "failed", "../a b"), "deliveries-failed-a-b.csv"),
        (("Канал «Київ»", '"\r\n;x'), "Канал-Київ-x.csv"),
        (("x" * 300,), f"{'x' * 40}.csv"),
    ],
)
def test_file_names(parts: tuple[str, ...], name: str) -> None:
    assert file_name(parts, "csv") == name
