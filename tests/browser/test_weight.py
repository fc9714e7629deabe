"""What a page costs on the wire, and what every answer brings along to protect it."""

from pathlib import Path

import pytest
from playwright.sync_api import Response

from tests.browser.steps import make_webhook
from tests.support.browser import Open, weigh

STATIC = Path(__file__).parents[2] / "static"
MAX_REQUESTS = 6
MAX_BYTES = 45 * 1024
MAX_STYLE = 36_000  # bytes, as it is written
NOBODY = "http://127.0.0.1:9/hook"

# The paths that the page as it is now took from the network.
TRANSFERRED = """() => [
  ...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource"),
].filter((entry) => entry.transferSize).map((entry) => new URL(entry.name).pathname)"""


@pytest.mark.parametrize("path", ["/login", "/webhooks"])
def test_a_browser_asks_for_little(open_page: Open, path: str) -> None:
    """Of pages that are full: tests/web/test_weight.py."""
    weight = weigh(open_page(signed_in=path != "/login", is_new=True), path)
    assert 0 < weight.requests <= MAX_REQUESTS
    assert 0 < weight.size <= MAX_BYTES


def test_the_style_is_small() -> None:
    assert 1_000 < (STATIC / "app.css").stat().st_size <= MAX_STYLE


def test_a_second_page_loads_itself_alone(open_page: Open) -> None:
    """Style, script and icons come from the browser's cache."""
    page = open_page("/webhooks", is_new=True)
    page.wait_for_load_state("networkidle")
    page.goto("/channels", wait_until="networkidle")
    assert page.evaluate(TRANSFERRED) == ["/channels"]


def test_every_answer_is_protected_and_ours(open_page: Open) -> None:
    page = open_page(is_new=True)
    public_id = make_webhook(page, NOBODY)
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        answers.append(answer)

    page.on("response", keep)
    for path in ("/webhooks", f"/webhooks/{public_id}", "/webhooks/new", "/channels", "/catalogue"):
        page.goto(path, wait_until="networkidle")
    page.request.get("/logout")
    assert len(answers) > 8
    origin = page.evaluate("location.origin")
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert answer.url.startswith(f"{origin}/")
        assert policy.startswith("default-src 'none'")
        assert "unsafe-" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
