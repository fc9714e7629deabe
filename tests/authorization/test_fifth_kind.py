"""A kind of authorization is one class and its line in the list: a fifth one is added and used."""

from pathlib import Path

import pytest

from tests.support.listed import assert_cases_pass


@pytest.mark.process
def test_a_fifth_kind_needs_its_class_and_its_line() -> None:
    cases = Path(__file__).with_name("fifth_kind_cases.py")
    assert_cases_pass("tests.support.fifth_kind", cases)
