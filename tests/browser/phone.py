"""On a phone: rows are low, what is touched is large, and nothing is cut off."""

import json

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.states import STATES, Seeds, put_back

WIDTH, HEIGHT = 390, 844
MAX_ROW = 160  # px
MIN_TARGET = 40  # px
LISTS = (
    *("list", "no match", "recently deleted", "deliveries", "no delivery matches"),
    *("events", "event", "recover", "receiver", "receivers", "channels", "no channel matches"),
    *("tokens", "made token", "people", "person", "about", "account", "webhook", "delivery"),
)

HIGH_ROWS = """most => [...document.querySelectorAll("main .rows tbody tr")]
  .map(row => [Math.round(row.getBoundingClientRect().height), row.innerText.slice(0, 60)])
  .filter(([height]) => height > most)"""

# A link within a sentence is as high as its line; one that covers its row counts as the row.
SMALL_TARGETS = """least => [...document.querySelectorAll(
    "button, select, summary, input:not([type=hidden]), textarea, .btn, header a, nav a, .title")]
  .filter(each => each.checkVisibility() && !each.closest(".sr, .skip"))
  .map(each => {
    const isTick = each.matches("[type=checkbox], [type=radio]");
    const touched = each.closest(isTick ? "label" : each.matches(".title") ? "tr" : "*");
    const { width, height } = touched.getBoundingClientRect();
    return [Math.round(width), Math.round(height), each.outerHTML.slice(0, 90)];
  })
  .filter(([width, height]) => height > 0 && (height < least || width < least))"""

# Text that a box hides; what may be shortened says so by .clip or .clamp.
CUT_OFF = """() => [...document.querySelectorAll("main *")]
  .filter(each => each.checkVisibility() && !each.closest(".sr, .clip, .clamp, pre, thead, svg"))
  .filter(each => ["hidden", "clip"].includes(getComputedStyle(each).overflowX))
  .filter(each => each.scrollWidth > each.clientWidth + 1)
  .map(each => each.outerHTML.slice(0, 90))"""


@pytest.mark.parametrize("language", ["en", "uk"])
def test_lists(contexts: dict[str, BrowserContext], seeds: Seeds, language: str) -> None:
    page = contexts[language].new_page()
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    found: dict[str, object] = {}
    for state in LISTS:
        STATES[state](page, seeds)
        high = page.evaluate(HIGH_ROWS, MAX_ROW)
        small = page.evaluate(SMALL_TARGETS, MIN_TARGET)
        cut_off = page.evaluate(CUT_OFF)
        if high or small or cut_off:
            found[state] = {"high": high, "small": small, "cut off": cut_off}
        put_back(page)
    page.close()
    assert not found, json.dumps(found, ensure_ascii=False, indent=1)
