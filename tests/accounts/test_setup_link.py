"""The one-time link: the same for every process, of no use to anybody else."""

from webhooks_ui.accounts.setup_link import is_setup_token, setup_token, setup_url


def test_the_token_follows_from_the_secret_key_alone() -> None:
    assert setup_token("k" * 32) == setup_token("k" * 32)
    assert setup_token("k" * 32) != setup_token("l" * 32)
    assert "k" * 8 not in setup_token("k" * 32)
    assert len(setup_token("k" * 32)) == 32


def test_only_this_token_is_accepted() -> None:
    assert is_setup_token(setup_token("key"), "key")
    for other in ("", setup_token("other"), setup_token("key")[:-1], "є", "\ud800"):
        assert not is_setup_token(other, "key")


def test_the_link_leads_to_the_set_up_page() -> None:
    url = setup_url("https://hooks.example", "key")
    assert url == f"https://hooks.example/setup?token={setup_token('key')}"
