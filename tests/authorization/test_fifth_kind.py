"""A kind of authorization is one class and its line in the list: a fifth one is added and used."""

import pytest

from tests.support import listed


@pytest.mark.process
@pytest.mark.xdist_group(listed.GROUP)
def test_a_fifth_kind_needs_its_class_and_its_line() -> None:
    listed.assert_cases_pass("fifth_kind_cases.py")
