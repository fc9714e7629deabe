"""The set-up link: the same for every process, of no use to anybody else, and for a day."""

from datetime import UTC, datetime, timedelta

import pytest

from webhooks_ui.accounts.setup_link import is_setup_token, setup_token, setup_url

MADE = datetime(2026, 1, 21, 12, 53, tzinfo=UTC)


def test_the_token_follows_from_the_secret_key_and_the_hour() -> None:
    assert setup_token("k" * 32, MADE) == setup_token("k" * 32, MADE + timedelta(minutes=5))
    assert setup_token("k" * 32, MADE) != setup_token("l" * 32, MADE)
    assert setup_token("k" * 32, MADE) != setup_token("k" * 32, MADE + timedelta(hours=1))
    assert "k" * 8 not in setup_token("k" * 32)
    assert len(setup_token("k" * 32)) == 32


def test_only_this_token_is_accepted() -> None:
    assert is_setup_token(setup_token("key"), "key")
    for other in ("", setup_token("other"), setup_token("key")[:-1], "є", "\ud800"):
        assert not is_setup_token(other, "key")


@pytest.mark.parametrize(
    ("age", "is_valid"),
    [
        (timedelta(0), True),
        (timedelta(hours=23), True),
        (timedelta(hours=25), False),
        (timedelta(days=30), False),
        (timedelta(hours=-2), False),  # of a clock that was put back
    ],
)
def test_it_is_valid_for_a_day(age: timedelta, *, is_valid: bool) -> None:
    assert is_setup_token(setup_token("key", MADE), "key", MADE + age) is is_valid


def test_the_link_leads_to_the_set_up_page() -> None:
    url = setup_url("https://hooks.example", "key")
    assert url == f"https://hooks.example/setup?token={setup_token('key')}"
