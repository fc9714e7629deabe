"""What a page costs on the wire, and what every answer brings along to protect it."""

import sqlite3
import time
from pathlib import Path

from playwright.sync_api import Response

from tests.browser.states import LOCALES
from tests.browser.steps import add_channel, make_webhook
from tests.support.browser import Open, weigh
from tests.support.server import Server
from webhooks_ui.models.counters import COUNTED
from webhooks_ui.models.webhook_list import PAGE_SIZE

STATIC = Path(__file__).parents[2] / "static"
MAX_REQUESTS = 6
MAX_BYTES = 45 * 1024
MAX_STYLE = 36_000  # bytes, as it is written
NOBODY = "http://127.0.0.1:9/hook"

# The paths that the page as it is now took from the network.
TRANSFERRED = """() => [
  ...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource"),
].filter((entry) => entry.transferSize).map((entry) => new URL(entry.name).pathname)"""


def test_the_sign_in_page_is_light(open_page: Open) -> None:
    weight = weigh(open_page(signed_in=False, is_new=True), "/login")
    assert 0 < weight.requests <= MAX_REQUESTS
    assert 0 < weight.size <= MAX_BYTES


def test_a_full_list_is_light(open_page: Open, server: Server) -> None:
    """A page of webhooks that were busy in every hour of the day, beside five channels."""
    seeding = open_page()
    for number in range(PAGE_SIZE):
        make_webhook(seeding, f"{NOBODY}/{number}", name=f"Shop {number}")
    hour = int(time.time()) // 3600 * 3_600_000
    figures = {
        "attempts": "?2 + id * 3",
        "failed_attempts": "?3 * (id % 3 = 0)",
        "first_attempts": "?2",
        "first_delivered": "?2 - ?3 * (id % 3 = 0)",
        "took_4": "?2",
    }
    counted = [figures.get(name, "0") for name in COUNTED]
    day = [(hour - ago * 3_600_000, 97 + ago * 7 % 31, ago * 5 % 13) for ago in range(24)]
    with sqlite3.connect(server.data_dir / "webhooks.db") as database:
        for began, attempts, failed in day:
            database.execute(
                f"INSERT INTO webhook_hours (webhook_id, hour, {', '.join(COUNTED)})"  # noqa: S608
                f" SELECT id, ?1, {', '.join(counted)} FROM webhooks",
                (began, attempts, failed),
            )
        database.execute("UPDATE webhooks SET last_succeeded = id % 3 > 0, failing_since = NULL")
    for number in range(5):
        add_channel(server.data_dir, f"channel-{number}", f"Channel {number}")
    for language, locale in LOCALES.items():
        page = open_page(is_new=True, locale=locale)
        weight = weigh(page, "/webhooks")
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator(".hours").count() == PAGE_SIZE
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
