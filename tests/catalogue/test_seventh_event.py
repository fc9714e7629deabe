"""An event type is one entry: a seventh one is added and used."""

import pytest

from tests.support import listed


@pytest.mark.process
@pytest.mark.xdist_group(listed.GROUP)
def test_a_seventh_event_needs_its_entry_alone() -> None:
    listed.assert_cases_pass("seventh_event_cases.py")
