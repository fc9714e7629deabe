"""On a phone: rows are low, what is touched is large, nothing is cut off, and times are exact."""

import re

from tests.browser.looks import Look
from tests.browser.targets import LARGE_ENOUGH

PHONE = 390  # px, wide
MAX_ROW = 160  # px
LISTS = (
    *("list", "no match", "recently deleted", "deliveries", "no delivery matches"),
    *("events", "event", "recover", "receiver", "receivers", "channels"),
    *("tokens", "made token", "people", "person", "about", "account", "webhook", "delivery"),
)

# On a phone the height of a row far from the screen is only guessed, and it clips what is too wide.
# By a sheet: htmx would copy a row's style into what it swaps in, which the policy forbids.
# Ukrainian stands in a wide font, English in one as narrow as most people have (tools/provide.py).
LAY_OUT = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`.rows tr { content-visibility: visible }
    [lang=uk] body { font-family: "DejaVu Sans" }`);
  document.adoptedStyleSheets = [sheet];
}"""
HIGH_ROWS = """most => [...document.querySelectorAll("main .rows tbody tr")]
  .map(row => [Math.round(row.getBoundingClientRect().height), row.innerText.slice(0, 60)])
  .filter(([height]) => height > most)"""

# Text that a box hides; what may be shortened says so by .clip or .clamp.
CUT_OFF = """() => [...document.querySelectorAll("main *")]
  .filter(each => each.checkVisibility() && !each.closest(".sr, .clip, .clamp, pre, thead, svg"))
  .filter(each => ["hidden", "clip"].includes(getComputedStyle(each).overflowX))
  .filter(each => each.scrollWidth > each.clientWidth + 1)
  .map(each => each.outerHTML.slice(0, 90))"""
# Texts of two cells of a row that lie on each other.
OVERLAPS = """() => [...document.querySelectorAll("main .rows tbody tr")].flatMap(row => {
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  const range = document.createRange(), lines = [];
  for (let node; (node = walker.nextNode());) {
    const within = node.parentElement;
    if (!node.data.trim() || within.closest(".sr, .menu, .pick") || !within.checkVisibility())
      continue;
    range.selectNode(node);
    const boxes = [];  // that hide what is beyond them
    for (let each = within; each !== row; each = each.parentElement)
      if (getComputedStyle(each).overflowX !== "visible") boxes.push(each.getBoundingClientRect());
    const least = (name, line) => Math.min(line[name], ...boxes.map(box => box[name]));
    const most = (name, line) => Math.max(line[name], ...boxes.map(box => box[name]));
    for (const line of range.getClientRects()) lines.push([within.closest("td"), {
      right: least("right", line), bottom: least("bottom", line),
      left: most("left", line), top: most("top", line),
    }]);
  }
  const isOn = ([cell, one], [other, two]) => cell !== other
    && Math.min(one.right, two.right) - Math.max(one.left, two.left) > 1
    && Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top) > 4;
  return lines.some(one => lines.some(two => isOn(one, two))) ? [row.innerText] : [];
})"""
FAULTS = f"most => [({HIGH_ROWS})(most), ({CUT_OFF})(), ({OVERLAPS})()]"


# Pages whose main time is exact, and lists whose rows have no page of their own.
WITH_EXACT_TIMES = (
    *("webhook", "delivery", "event", "receiver", "source", "person", "account"),
    *("history of a webhook", "audit log"),
)
FIRST_EXACT = "() => document.querySelector('main time:not([data-relative])').innerText"
EXACT = {
    "en": re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d:\d\d \S+"),
    "uk": re.compile(r"\d{1,2} [а-яіїє]+\.? \d{4}, \d\d:\d\d:\d\d \S+"),
}


def looks_at_list(state: str) -> list[Look]:
    """What is asked of this state at a phone's size in Ukrainian, whose words are longer."""
    return [Look(FAULTS, _judge_rows, MAX_ROW), LARGE_ENOUGH] if state in LISTS else []


def _judge_rows(faults: list[list[str]]) -> None:
    assert not any(faults), faults


def looks_at_time(state: str, language: str) -> list[Look]:
    """That this state has its time to the second on a phone too."""

    def judge(time: str) -> None:
        assert EXACT[language].fullmatch(time), time

    return [Look(FIRST_EXACT, judge)] if state in WITH_EXACT_TIMES else []
