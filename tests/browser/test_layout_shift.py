"""Nothing moves once it is shown: the layout shift of every state, on a phone and wide."""

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.states import STATES, Seeds, put_back

MOST = 0.02  # https://web.dev/articles/cls calls 0.1 good
PHONE, WIDE = (412, 915), (1280, 800)  # px
# Entries of https://wicg.github.io/layout-instability/ since the page began to load.
SHIFTS = """() => new Promise((resolve) => {
  const found = [];
  const observer = new PerformanceObserver((list) => found.push(...list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => setTimeout(() => {
    found.push(...observer.takeRecords());
    resolve(found.filter((entry) => !entry.hadRecentInput).map((entry) => [
      entry.value, ...entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 90) ?? "text"),
    ]));
  }, 50));
})"""


def test_a_shift_is_seen(page: Page) -> None:
    page.goto("/webhooks")
    page.evaluate("document.querySelector('main').style.paddingTop = '300px'")
    assert sum(value for value, *_sources in _shifts(page)) > MOST


@pytest.mark.parametrize(
    ("language", "size"), [("en", PHONE), ("uk", PHONE), ("uk", WIDE)], ids=["en", "uk", "uk-wide"]
)
def test_no_page_moves(
    contexts: dict[str, BrowserContext], seeds: Seeds, language: str, size: tuple[int, int]
) -> None:
    page = contexts[language].new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    moved = {}
    for state, show in STATES.items():
        show(page, seeds)
        page.wait_for_load_state("networkidle")
        shifts = _shifts(page)
        if sum(value for value, *_sources in shifts) >= MOST:
            moved[state] = shifts
        put_back(page)
        page.unroute_all()
    page.close()
    assert moved == {}


def _shifts(page: Page) -> list[tuple[float, str]]:
    found: list[tuple[float, str]] = page.evaluate(SHIFTS)
    return found
