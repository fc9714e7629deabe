"""Browsers in words."""

import pytest

from webhooks_ui.accounts.user_agents import in_words

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/126.0 Safari/537.36", "Chrome, Linux"),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0 Safari/537 Edg/126.0",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:127.0) Firefox/127.0", "Firefox, macOS"),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 17 like Mac OS X) {WEBKIT} Version/17 Safari/604",
            "Safari, iPhone",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; SM-S921B) {WEBKIT} SamsungBrowser/25.0 Chrome/121.0",
            "Samsung Internet, Android",
        ),
        ("curl/8.8.0", "curl"),
        ("<script>alert(1)</script>", "<script>alert(1)<"),
        ("", ""),
        (None, ""),
    ],
)
def test_browser_and_system(agent: str | None, words: str) -> None:
    assert in_words(agent) == words
