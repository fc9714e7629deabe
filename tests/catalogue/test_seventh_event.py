"""An event type is one entry: a seventh one is added and used."""

from pathlib import Path

import pytest

from tests.support.listed import assert_cases_pass


@pytest.mark.process
def test_a_seventh_event_needs_its_entry_alone() -> None:
    cases = Path(__file__).with_name("seventh_event_cases.py")
    assert_cases_pass("tests.support.seventh_event", cases)
