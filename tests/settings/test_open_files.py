"""The shares of the files that a process may open: together they leave some over."""

import pytest

from webhooks_ui.settings.open_files import ENOUGH, OpenFiles, raise_limit

BASE = 40  # files of a Python process with its libraries, a log and its folders


@pytest.mark.parametrize("limit", [256, 512, ENOUGH, 2048, 1_000_000])
def test_the_shares_fit_into_the_limit(limit: int) -> None:
    files = OpenFiles(limit)
    database = 3 * files.database
    console = files.connections + 2 * files.pings + files.idle_receivers + database
    worker = 2 * files.attempts + files.idle_receivers + database
    assert console + BASE <= limit
    assert worker + BASE <= limit


def test_enough_is_enough() -> None:
    most = OpenFiles(1_000_000)
    enough = OpenFiles(ENOUGH)
    assert not enough.is_short
    assert (enough.connections, enough.attempts) == (most.connections, most.attempts)
    assert (enough.pings, enough.database) == (most.pings, most.database)


@pytest.mark.parametrize("limit", [16, 64])
def test_every_part_has_something(limit: int) -> None:
    files = OpenFiles(limit)
    assert files.is_short
    assert min(files.connections, files.attempts, files.pings, files.database) > 0


def test_the_limit_is_raised_as_far_as_it_may_be() -> None:
    assert raise_limit().limit >= ENOUGH
